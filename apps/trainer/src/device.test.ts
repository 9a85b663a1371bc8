import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { getWebGPUDevice } from '@jax-js/jax';
import { checkPrecision, useDevice } from './device.ts';
import type { TrainingError } from './errors.ts';
import { type ModelConfig, modelConfig } from './model/config.ts';
import { createModel } from './model/models.ts';
import { tiny, tinyBatch, tinyOptions } from './testing/tiny.ts';
import { createTrainer } from './training/trainer.ts';

Deno.env.set('XDG_RUNTIME_DIR', Deno.env.get('XDG_RUNTIME_DIR') ?? tmpdir());
// The adapter that jax-js takes.
const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
const reason = adapter ? '' : ' (skipped: no WebGPU adapter here; Debian has mesa-vulkan-drivers)';
const hasHalf = adapter?.features.has('shader-f16') === true;
const halfReason =
  adapter && !hasHalf
    ? ' (skipped: the WebGPU adapter here has no shader-f16; that of mesa-vulkan-drivers has)'
    : reason;

async function lossesOf(config: Partial<ModelConfig>): Promise<number[]> {
  const trainer = createTrainer(createModel(modelConfig({ ...tiny, ...config })), tinyOptions);
  const found: number[] = [];
  for (let step = 0; step < 5; step++) {
    found.push((await trainer.train([tinyBatch()], step, 0.01)).loss);
  }
  trainer.dispose();
  return found;
}

for (const config of [
  { dropout: 0.1 },
  { norm: 'pre' },
  { architecture: 'albert', embedding: 8 },
  { architecture: 'modernbert' },
  { architecture: 'electra', embedding: 8, generatorSize: 0.5 },
] satisfies Partial<ModelConfig>[]) {
  Deno.test({
    name: `WebGPU gives the losses of Wasm: ${JSON.stringify(config)}${reason}`,
    ignore: !adapter,
    // The GPU device stays open.
    sanitizeResources: false,
    sanitizeOps: false,
    async fn() {
      await useDevice('wasm', () => {});
      const onWasm = await lossesOf(config);
      const errors: unknown[] = [];
      const { device } = await useDevice('webgpu', (error) => errors.push(error));
      const onGpu = await lossesOf(config);
      await useDevice('wasm', () => {});
      assert.equal(device, 'webgpu');
      assert.deepEqual(errors, []);
      onWasm.forEach((loss, step) => {
        assert.ok(
          Math.abs(loss / onGpu[step]! - 1) < 1e-3,
          `step ${step}: ${loss}, ${onGpu[step]}`,
        );
      });
    },
  });
}

for (const config of [
  { dropout: 0.1 },
  { architecture: 'modernbert' },
  { architecture: 'electra', embedding: 8, generatorSize: 0.5 },
] satisfies Partial<ModelConfig>[]) {
  Deno.test({
    name: `half precision trains alike: ${JSON.stringify(config)}${halfReason}`,
    ignore: !hasHalf,
    sanitizeResources: false,
    sanitizeOps: false,
    async fn() {
      const errors: unknown[] = [];
      const chosen = await useDevice('webgpu', (error) => errors.push(error));
      checkPrecision(chosen, 'float16');
      const whole = await lossesOf(config);
      const half = await lossesOf({ ...config, precision: 'float16' });
      await useDevice('wasm', () => {});
      assert.deepEqual(errors, []);
      whole.forEach((loss, step) => {
        assert.ok(Math.abs(loss / half[step]! - 1) < 0.02, `step ${step}: ${loss}, ${half[step]}`);
      });
      assert.notDeepEqual(half, whole);
    },
  });
}

Deno.test('half precision is refused where there is none', async () => {
  const wasm = await useDevice('wasm', () => {});
  checkPrecision(wasm, 'float32');
  assert.throws(() => checkPrecision(wasm, 'float16'), {
    code: 'DEVICE',
    message: 'Wasm has no float16: run with --precision float32',
  });
});

Deno.test({
  name: `an error of WebGPU reaches the run${reason}`,
  ignore: !adapter,
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    const errors: TrainingError[] = [];
    await useDevice('webgpu', (error) => errors.push(error));
    const device = getWebGPUDevice();
    // No buffer may be both.
    device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    await device.queue.onSubmittedWorkDone();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await useDevice('wasm', () => {});
    assert.equal(errors[0]?.code, 'GPU');
    assert.match(errors[0].message, /^WebGPU: [^\n]+; run with --device wasm$/);
  },
});

Deno.test('useDevice() tells why it chose a device', async () => {
  const { device, reason } = await useDevice('wasm', () => {});
  assert.deepEqual([device, reason], ['wasm', 'asked for']);
  const auto = await useDevice('auto', () => {});
  assert.ok(auto.reason.length > 0);
  await useDevice('wasm', () => {});
});
