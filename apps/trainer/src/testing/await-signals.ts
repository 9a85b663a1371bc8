/** @file Waits for signals, each of which is told first if `told` is given; with `busy`, it does nothing else for a second after that. */
import process from 'node:process';
import { StopSignals } from '../stop-signals.ts';

const words = process.argv.slice(2);
const signals = new StopSignals();
if (words.includes('told')) signals.tellFirst();
signals.told.addEventListener('abort', () => {
  console.log(`told ${signals.exitCode}`);
  const until = performance.now() + (words.includes('busy') ? 1000 : 0);
  while (performance.now() < until);
});
setInterval(() => {}, 1000);
console.log('ready');
