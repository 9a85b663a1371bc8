import { defineConfig } from 'vitest/config';
import { ResultsReporter } from './test/reporter/index.ts';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    reporters: ['default', new ResultsReporter()],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
