#!/usr/bin/env node
// Here rather than in dist, which is not built yet when the package manager links commands.
import { whenNpmIsGone } from './npm.js';

// npx does not pass on every signal: what it started ends with it.
if (process.env.npm_command === 'exec') whenNpmIsGone(() => process.kill(process.pid, 'SIGTERM'));
await import('../dist/main.js');
