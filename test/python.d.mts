export function python(): { path: string; reason?: never } | { path?: never; reason: string };
