// What a cold log and a ceremony are in bytes, made anew: a whole log with its root, the Bundles of a
// payment and of an enrolment, and one line of every type. Kept under `test/vectors`, so that a
// change of a format is seen.
import { p256 } from '@noble/curves/nist.js'
import { append, emptyHead, type Head } from '../../policy/audit/chain.ts'
import { writeExport } from '../../policy/audit/export.ts'
import { trustText } from '../../policy/trust.ts'
import { concat, toUtf8 } from '../../proto/crypto.ts'
import { coldExport, coldStory, coldTrust } from './cold-story.ts'
import { Enrolment } from './enrolment-room.ts'
import { samples } from './entry-samples.ts'
import { Performance } from './performed.ts'
import { tokenSecret } from './planned.ts'
import { RoomStory, trust } from './room-story.ts'

type Files = ReadonlyMap<string, Uint8Array>

/** By folder, and in it by name. */
export function coldVectors(): ReadonlyMap<string, Files> {
  const told = coldStory()
  const payment = exact(new Performance(new RoomStory()))
  return new Map<string, Files>([
    ['logs/cold', writeExport(coldExport(told))],
    ['ceremony/in', payment.story.bundleIn],
    ['ceremony/out', payment.carriedOut()],
    ['ceremony/enrolment', exact(new Enrolment()).carriedOut()],
    [
      'ceremony',
      new Map([
        ['cold-log.trust', toUtf8(coldTrust)],
        ['payment.trust', toUtf8(trustText(trust))],
        ['every-line.jsonl', everyLine()],
      ]),
    ],
  ])
}

/** Its tokens sign the same twice; the script is printed elsewhere. */
function exact<T extends Performance | Enrolment>(room: T): T {
  room.signWith = (serial, message) => p256.sign(message, tokenSecret(serial))
  room.scripts = new Map()
  return room
}

function everyLine(): Uint8Array {
  let head: Head = emptyHead
  const types = Object.keys(samples) as (keyof typeof samples)[]
  const lines = types.map((type, at) => {
    const t = Date.UTC(2026, 11, 1) + 1_000 * at
    const next = append(head, { actor: 'coordinator', type, body: samples[type], t })
    head = next.head
    return concat(next.entry.bytes, toUtf8('\n'))
  })
  return concat(...lines)
}
