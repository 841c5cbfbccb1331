// Copies the Seals of one medium to another, as a Station does at its step, and says how it ended: for
// a mount of its own on which there is no room, or nothing may be written.
import { argv } from 'node:process'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { copySeals, openMedium } from '../../signer-node/ceremony/medium.ts'

const [, , from = '', to = ''] = argv
const copied = attempt(() => copySeals(openMedium(from), openMedium(to)))
console.log(isRefusal(copied) ? `${copied.code}: ${copied.because}` : `copied ${copied.length}`)
