// Writes test/vectors/transcripts/dkls23.json again: `node test/kit/write-transcripts.ts`. Only after
// a change of the wire that nodes of the version before may not survive; say so in the changelog.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { transcripts } from './transcripts.ts'

const file = fileURLToPath(new URL('../vectors/transcripts/dkls23.json', import.meta.url))
writeFileSync(file, `${JSON.stringify(transcripts(nativeCurve()), null, 2)}\n`)
