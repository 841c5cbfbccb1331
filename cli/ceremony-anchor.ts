// ceremony anchor: brings the newest head of the log of cold vaults into the main log. It was
// cosigned by the witnesses of the cold log, asked for here under its own trust file, and the main
// coordinator compares it with the trust file that its configuration pins.
import { cosignatures, parseNote, signedByLog } from '../policy/audit/checkpoint.ts'
import { witnessesFor } from '../policy/audit/heads.ts'
import { refuse } from '../proto/refusal.ts'
import { onLine } from './desk.ts'
import { profileOptions } from './profile.ts'
import { openRoots } from './roots.ts'
import { type Args, done, must, required, type Verb, type World } from './verb.ts'

export const ceremonyAnchor: Verb = {
  about: 'write into the main log how far the log of cold vaults has come',
  usage: '--cold DIR [--as DIR]',
  words: { min: 0, max: 0 },
  options: { ...profileOptions, cold: { type: 'string' } },
  run: async (args, world) => {
    const head = await newestHead(args, world)
    return onLine(args, world, ['operator'], async ({ client }) => {
      const { checkpoint, origin } = head
      const { seq, size } = must(await client.CeremonyService.AnchorCold({ checkpoint }))
      return done(`${origin}: ${size} lines, said by line ${seq}\n`, { origin, size, seq })
    })
  },
}

interface Head {
  readonly checkpoint: Uint8Array
  readonly origin: string
}

/** Of the cold log, by the profile of one of its own. */
async function newestHead(args: Args, world: World): Promise<Head> {
  let found: Head | undefined
  const cold = { words: [], flags: { as: required(args, 'cold') } }
  await onLine(cold, world, ['operator', 'approver', 'caller'], async ({ client, trust }) => {
    const { checkpoint } = must(await client.AuditService.GetCheckpoint({}))
    const note = parseNote(checkpoint)
    const { origin, size } = note.checkpoint
    const { witnesses, q } = witnessesFor(size, trust, await openRoots(client, trust))
    const given = cosignatures(note, witnesses).length
    if (!signedByLog(note, trust.log.vkey) || given < q) {
      return refuse('COSIGN', `${trust.log.origin}: expected ${q} witnesses, got ${given}`)
    }
    found = { checkpoint, origin }
    return done('', {})
  })
  return found ?? refuse('LINE_MISSING', 'expected a head of the cold log')
}
