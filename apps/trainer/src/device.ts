import { tmpdir } from 'node:os';
import process from 'node:process';
import { defaultDevice, getWebGPUDevice, init } from '@jax-js/jax';
import { TrainingError } from './errors.ts';
import type { Precision } from './model/precision.ts';

/** Which device a run asked for. */
export type DeviceChoice = 'auto' | 'wasm' | 'webgpu';

/** The device a run uses, and why. */
export interface ChosenDevice {
  readonly device: 'wasm' | 'webgpu';
  readonly reason: string;
}

/**
 * Chooses a device and makes it the default. `auto` takes WebGPU where there is a GPU; an adapter that
 * only emulates one in software is slower than Wasm and taken on request only.
 *
 * @throws {TrainingError} if WebGPU is asked for and there is none.
 */
export async function useDevice(
  choice: DeviceChoice,
  onGpuError: (error: TrainingError) => void,
): Promise<ChosenDevice> {
  const chosen = await chooseDevice(choice);
  const available = await init(chosen.device);
  if (!available.includes(chosen.device)) {
    throw new TrainingError(
      'DEVICE',
      `The ${chosen.device} backend did not start: run with --device wasm`,
    );
  }
  defaultDevice(chosen.device);
  if (chosen.device === 'webgpu') watch(getWebGPUDevice(), onGpuError);
  return chosen;
}

/**
 * Chooses a device as `useDevice` does; `check` throws the first error that it has had since.
 *
 * @throws {TrainingError} as `useDevice` does.
 */
export async function openDevice(
  choice: DeviceChoice,
): Promise<{ readonly device: ChosenDevice; check(): void }> {
  let gpuError: TrainingError | undefined;
  const device = await useDevice(choice, (error) => {
    gpuError ??= error;
  });
  return {
    device,
    check() {
      if (gpuError !== undefined) throw gpuError;
    },
  };
}

/**
 * Checks that the device in use computes in a precision.
 *
 * @throws {TrainingError} if it does not.
 */
export function checkPrecision({ device }: ChosenDevice, precision: Precision): void {
  if (precision === 'float32') return;
  if (device === 'webgpu' && getWebGPUDevice().features.has('shader-f16')) return;
  const what = device === 'wasm' ? 'Wasm has no' : 'This GPU has no';
  throw new TrainingError('DEVICE', `${what} float16: run with --precision float32`);
}

/** A rejected shader or buffer is only logged by default, and what it should have written reads as 0. */
function watch(device: GPUDevice, onGpuError: (error: TrainingError) => void): void {
  const report = (found: string): void => {
    const message = `WebGPU: ${found.trim().replaceAll(/\s+/g, ' ')}; run with --device wasm`;
    onGpuError(new TrainingError('GPU', message));
  };
  device.addEventListener('uncapturederror', (event) => {
    report((event as GPUUncapturedErrorEvent).error.message);
  });
  device.lost.then(({ message }) => report(`the device is lost (${message || 'no reason given'})`));
}

async function chooseDevice(choice: DeviceChoice): Promise<ChosenDevice> {
  if (choice === 'wasm') return { device: 'wasm', reason: 'asked for' };
  // Mesa's drivers complain on standard error where this is not set.
  process.env['XDG_RUNTIME_DIR'] ??= tmpdir();
  // The adapter that jax-js takes.
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  const name = adapter?.info.description || adapter?.info.vendor || 'a GPU';
  if (choice === 'webgpu') {
    if (adapter) return { device: 'webgpu', reason: `asked for; ${name}` };
    throw new TrainingError(
      'DEVICE',
      'There is no WebGPU adapter on this machine: install a driver (in software: mesa-vulkan-drivers), or run with --device wasm',
    );
  }
  if (!adapter) return { device: 'wasm', reason: 'there is no WebGPU adapter' };
  if (adapter.info.isFallbackAdapter) {
    return { device: 'wasm', reason: `the WebGPU adapter is software (${name})` };
  }
  return { device: 'webgpu', reason: name };
}
