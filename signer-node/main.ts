#!/usr/bin/env node
// The custody-signer program: chooses which of two it is, and loads nothing of the other. A light
// witness has no share and no protocol, so its process does not even hold the code of one.
//   custody-signer --config FILE ...             a signer node: signing-program.ts
//   custody-signer --witness --config FILE ...   a light witness: light-program.ts
const isLight = process.argv.slice(2).includes('--witness')
if (isLight) await import('./light-program.ts')
else await import('./signing-program.ts')

export {}
