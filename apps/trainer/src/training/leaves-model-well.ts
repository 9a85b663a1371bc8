import { SidecarError } from '@maskloom/client';
import { TrainingError } from '../errors.ts';

const outside: readonly TrainingError['code'][] = ['DATA', 'LOG', 'RANK'];

/** Whether what failed is outside of the model, which is as the last step that was done has left it. */
export function leavesModelWell(error: unknown): boolean {
  if (error instanceof SidecarError) return true;
  return error instanceof TrainingError && outside.includes(error.code);
}
