// The head of the main log for a room of cold vaults: asked of the main coordinator by a profile of
// one of its own, with its roots, and with the proof that it grew from each head that stations may
// remember. It is read here as every station will read it, before the cold coordinator gets it.
import { parseNote } from '../policy/audit/checkpoint.ts'
import { parseEntry } from '../policy/audit/entry.ts'
import { encodeMainHead, type LaterRoot, readMainHead } from '../policy/ceremony/main-head.ts'
import type { Plan } from '../policy/ceremony/plan.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { onLine } from './desk.ts'
import { type Sent, written } from './roots.ts'
import { done, must, UsageError, type World } from './verb.ts'

export interface MainAsked {
  /** Profile of one of the main log. */
  readonly as: string
  readonly plan: Plan
  /** Lines under the heads that stations may remember. */
  readonly seen: readonly number[]
}

export async function mainHead({ as, plan, seen }: MainAsked, world: World): Promise<Uint8Array> {
  let bytes: Uint8Array = new Uint8Array(0)
  const args = { words: [], flags: { as } }
  await onLine(args, world, ['operator', 'approver', 'caller'], async ({ client }) => {
    const { checkpoint } = must(await client.AuditService.GetCheckpoint({}))
    const { size } = parseNote(checkpoint).checkpoint
    const { root, roots } = must(await client.PolicyService.GetRuleset({}))
    const [first, ...more] = roots
    const later: LaterRoot[] = []
    // One that came after this head is for the next ceremony.
    for (const step of more) {
      if (parseEntry(step.entry).seq < size) later.push(await laterRoot(client, step, size))
    }
    bytes = encodeMainHead({
      ...{ head: written(checkpoint, 'checkpoint'), first: written(first?.root ?? root, 'root') },
      ...{ later, steps: await stepsTo(client, size, seen) },
    })
    return done('', {})
  })
  readMainHead(bytes, plan)
  return bytes
}

/** `100,250`: what `custody-ceremony hsm floor` shows of a token that sat in no room for long. */
export function sizesOf(typed: string | undefined): readonly number[] {
  const sizes = typed?.split(',').map(Number) ?? []
  if (!sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw new UsageError('--seen: expected numbers of lines, as 100,250')
  }
  return sizes
}

async function laterRoot(
  client: WireClient,
  { root, signatures, entry }: Sent['roots'][number],
  size: number,
): Promise<LaterRoot> {
  const { seq } = parseEntry(entry)
  const { proof } = must(await client.AuditService.GetProof({ seq, oldSize: 0, size }))
  return {
    root: written(root, 'root'),
    signatures: written(signatures, 'signatures'),
    ...{ entry: written(entry, 'entry'), proof },
  }
}

async function stepsTo(
  client: WireClient,
  size: number,
  seen: readonly number[],
): Promise<ReadonlyMap<number, readonly Uint8Array[]>> {
  const steps = new Map<number, readonly Uint8Array[]>()
  for (const oldSize of new Set(seen)) {
    if (oldSize > size) {
      refuse(
        'LOG_BEHIND',
        `the main log had ${oldSize} lines, its witnessed head has ${size}`,
        'X-8',
      )
    }
    if (steps.size === limits.mainStepsMax) break
    if (oldSize === size) continue
    const { proof } = must(await client.AuditService.GetProof({ seq: 0, oldSize, size }))
    steps.set(oldSize, proof)
  }
  return steps
}
