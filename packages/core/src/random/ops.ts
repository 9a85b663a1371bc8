/**
 * What a draw is for. Each op has a counter space of its own, so adding an op never moves another's
 * draws. 13 to 127 are reserved; 128 to 255 are the trainer's.
 *
 * @module
 */
export const select = 0;
export const action = 1;
export const token = 2;
export const spanLength = 3;
export const spanStart = 4;
export const order = 5;
export const pack = 6;
export const mix = 7;
export const pair = 8;
export const count = 9;
export const denoiser = 10;
export const segmentation = 11;
export const permutation = 12;
