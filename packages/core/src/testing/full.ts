/** Whether tests run at their full size: under MASKLOOM_FULL=1, `npm run test:full`. */
export const full: boolean = process.env['MASKLOOM_FULL'] === '1';
