import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    reporters: ['default', ['json', { outputFile: '.test/results.json' }]],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
