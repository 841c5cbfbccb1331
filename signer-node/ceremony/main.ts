#!/usr/bin/env node
// The custody-ceremony program: what a Station in the room runs, and the Record station. Loads
// `program.ts` and is nothing else.
await import('./program.ts')

export {}
