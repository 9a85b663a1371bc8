#!/usr/bin/env node
// Here rather than in dist, which is not built yet when the package manager links commands.
import '../dist/main.js';
