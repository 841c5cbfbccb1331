/**
 * Step functions: what is done with a message or a line once it could be read. A run of a protocol
 * gets one message broken and the others as they were; a log gets one line broken; a whole node
 * gets one frame broken.
 */

import type { Documents } from '../../policy/audit/enclosures.ts'
import type { Entry } from '../../policy/audit/entry.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { writeExport } from '../../policy/audit/export.ts'
import { createFold } from '../../policy/audit/fold.ts'
import { readChain } from '../../policy/audit/integrity.ts'
import { MemoryRows, readSync } from '../../policy/audit/rows.ts'
import { verify } from '../../policy/audit/verify.ts'
import { fromUtf8 } from '../../proto/crypto.ts'
import { Abort } from '../../signer-node/dkls23/abort.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import type { Incoming } from '../../signer-node/dkls23/protocol.ts'
import type { Stage } from '../hostile/stage.ts'
import * as house from '../kit/audit-documents.ts'
import { goodStory, trust } from '../kit/audit-story.ts'
import { drive } from '../kit/protocol.ts'
import { leavesOf } from '../kit/rounds.ts'
import { seedsOf } from './corpus.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutateMessage } from './mutate-message.ts'
import { dashed, fuzzedStages } from './stages.ts'
import { bytesTarget, jsonTarget, type Target } from './target.ts'
import { somePoints } from './targets-bytes.ts'

const SESSION = 'corpus'

export function stepTargets(): readonly Target[] {
  const curve = nativeCurve()
  return [
    ...fuzzedStages(curve).flatMap(({ stage, share }) => roundSteps(stage, share)),
    foldStep(),
    verifyStep(),
  ]
}

/** Party 2 reads each message of party 1, broken, in the middle of an honest run. */
function roundSteps(stage: Stage, share: number): readonly Target[] {
  const messages = new Map<string, Uint8Array>()
  drive(stage.begin(SESSION).protocols, (round, from, to, bytes) => {
    messages.set(`${round} ${from} ${to}`, bytes)
    return bytes
  })
  const [evil, victim] = [parseParty(1), parseParty(2)]
  return [...stage.rounds.values()].map(({ number, name, fields }) => {
    const leaves = leavesOf(fields)
    const own = messages.get(`${number} ${evil} ${victim}`) ?? new Uint8Array()
    return bytesTarget(
      `step-${dashed(`${stage.name} ${name}`)}`,
      [own],
      (input) => {
        playTo(stage, victim, (round, from) => {
          const isBroken = round === number && from === evil
          return isBroken ? input : messages.get(`${round} ${from} ${victim}`)
        })
      },
      {
        refusals: [Abort],
        mutate: (input, chance) => {
          const other = messages.get(`${number} ${victim} ${evil}`) ?? input
          return mutateMessage(input, leaves, chance, { other, points: somePoints })
        },
        msMax: 10_000,
        share,
      },
    )
  })
}

/** To the end of the run; throws what its protocol throws. */
function playTo(
  stage: Stage,
  party: Party,
  message: (round: number, from: Party) => Uint8Array | undefined,
): void {
  const protocol = stage.begin(SESSION).protocols.get(party)
  let step = protocol?.next([])
  while (step !== undefined && step.done !== true) {
    const round = step.value[0]?.round ?? 0
    const inbox = stage.parties.flatMap((from): Incoming[] => {
      const bytes = from === party ? undefined : message(round, from)
      return bytes === undefined ? [] : [{ round, from, bytes: bytes.slice() }]
    })
    step = protocol?.next(inbox)
  }
}

/** Each line is folded over the history in which a line of its type came first. */
function foldStep(): Target {
  const { entries } = readChain(goodStory().export().lines)
  const documents: Documents = new Map(
    goodStory()
      .export()
      .blobs.map(({ digest, content }) => [digest, [fromUtf8(content) ?? '']]),
  )
  const fold = createFold({ rootDigest: house.rootDigest, origin: house.origin })
  const before = new Map<Entry['type'], MemoryRows>()
  for (const [at, { type }] of entries.entries()) {
    if (before.has(type)) continue
    const rows = new MemoryRows()
    for (const earlier of entries.slice(0, at)) {
      const folded = readSync(fold(earlier, documents), rows)
      if (folded.kind === 'folded') rows.apply(folded.writes)
    }
    before.set(type, rows)
  }
  return jsonTarget(
    'step-fold',
    seedsOf('entry'),
    (bytes) => {
      const entry = parseEntry(bytes)
      readSync(fold(entry, documents), before.get(entry.type) ?? new MemoryRows())
    },
    { share: 0.2 },
  )
}

/** The auditor's verifier gets an Export with one file broken; it always reports. */
function verifyStep(): Target {
  const files = writeExport(goodStory().export())
  const names = [...files.keys()]
  const [first = new Uint8Array(), ...rest] = names.map((name, at) =>
    Uint8Array.from([at, ...(files.get(name) ?? [])]),
  )
  return bytesTarget(
    'step-verify',
    [first, ...rest],
    (input) => {
      const name = names[(input[0] ?? 0) % names.length] ?? ''
      const broken = new Map(files).set(name, input.slice(1))
      verify({ files: broken, trust, nowMs: Date.parse('2026-12-02T00:00:00Z') })
    },
    {
      refusals: [],
      mutate: (input, chance, other) =>
        Uint8Array.from([input[0] ?? 0, ...mutateBytes(input.slice(1), chance, other.slice(1))]),
      msMax: 10_000,
      share: 0.002,
    },
  )
}
