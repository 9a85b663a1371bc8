import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { defaultDevice, getWebGPUDevice, init } from '@jax-js/jax';
import { useDevice } from './device.ts';
import type { TrainingError } from './errors.ts';
import { tiny, tinyBatch } from './testing/tiny.ts';
import { createTrainer } from './training/trainer.ts';

Deno.env.set('XDG_RUNTIME_DIR', Deno.env.get('XDG_RUNTIME_DIR') ?? tmpdir());
const adapter = await navigator.gpu?.requestAdapter();
const reason = adapter ? '' : ' (skipped: no WebGPU adapter here; Debian has mesa-vulkan-drivers)';

async function losses(): Promise<number[]> {
  const trainer = createTrainer(tiny, 42n);
  const found: number[] = [];
  for (let step = 0; step < 8; step++) found.push(await trainer.train(tinyBatch(), 0.01));
  trainer.dispose();
  return found;
}

Deno.test({
  name: `WebGPU gives the losses of Wasm${reason}`,
  ignore: !adapter,
  // The GPU device stays open.
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    await init('wasm');
    defaultDevice('wasm');
    const onWasm = await losses();
    const errors: unknown[] = [];
    const { device } = await useDevice('webgpu', (error) => errors.push(error));
    const onGpu = await losses();
    defaultDevice('wasm');
    assert.equal(device, 'webgpu');
    assert.deepEqual(errors, []);
    onWasm.forEach((loss, step) => {
      assert.ok(Math.abs(loss - onGpu[step]!) < 1e-3, `step ${step}: ${loss}, ${onGpu[step]}`);
    });
  },
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
