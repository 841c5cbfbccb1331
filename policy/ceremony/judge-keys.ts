// I8, keys: whether every holder of a key that was made or dealt anew finished with exactly this
// key, sealed its share to the own two tokens, and opened it again with both; and whether what a
// station states for the log is about a Seal of this room.
import type { Digest, NodeId } from '../../proto/ids.ts'
import type { CeremonyFinding } from './judgement.ts'
import { calledStations, type Plan } from './plan.ts'
import type { RecordLine } from './record.ts'
import type { RecordType } from './record-bodies.ts'
import type { ResultLine } from './results.ts'

export type ResultOf<K> = Extract<ResultLine, { type: K }>

export interface OfKeys {
  readonly plan: Plan
  readonly lines: readonly RecordLine[]
}

/** Each holder finished with this key, sealed it, and opened the Seal again. */
export function judgeKey(
  { type, body }: ResultOf<'key.created' | 'key.refreshed' | 'key.reshared'>,
  { lines, plan }: OfKeys,
): readonly CeremonyFinding[] {
  return body.participants.flatMap(({ node }) => {
    const own = lines.filter((line) => isOf(line, node, plan))
    const isDone = linesOf(own, 'session.done').some((one) => {
      return one.body.request === body.change && one.body.result === body.keyState
    })
    const sealed = linesOf(own, 'share.sealed').filter((one) => isOfKey(one.body, body))
    const tested = linesOf(own, 'seal.tested').filter((one) => isOfKey(one.body, body))
    const opened = sealed.filter((one) => tested.some(({ body: by }) => by.seal === one.body.seal))
    const tokens = plan.stations.find((one) => one.node === node)?.tokens
    const [daily, spare] = [tokens?.daily.serial ?? '', tokens?.spare.serial ?? '']
    const both = [daily, spare].sort().join()
    const isForBoth = sealed.every((one) => [...one.body.tokens].sort().join() === both)
    const bySpare = tested.some(({ body: by }) => by.token === spare)
    const said = `${type} of ${body.vault}: ${node}`
    return [
      ...(isDone ? [] : [bad(`${said} did not finish with this key`)]),
      ...(sealed.length > 0 ? [] : [bad(`${said} sealed no share of it`)]),
      ...(opened.length === sealed.length ? [] : [bad(`${said} opened not every seal again`)]),
      ...(isForBoth ? [] : [bad(`${said} sealed it to other tokens than its own two`)]),
      ...(bySpare ? [] : [bad(`${said} did not open it with the spare token`)]),
    ]
  })
}

/** The statement for the log is about a Seal that the spare token opened in this room. */
export function judgeTested(
  { body }: ResultOf<'key.backup-tested'>,
  { lines, plan }: OfKeys,
): readonly CeremonyFinding[] {
  const spare = plan.stations.find((one) => one.node === body.node)?.tokens?.spare.serial
  const found = linesOf(lines, 'seal.tested').some((one) => {
    const isSame = one.body.seal === body.backup && one.body.token === spare
    return isSame && isOfKey(one.body, body) && isOf(one, body.node, plan)
  })
  return found ? [] : [bad(`${body.vault}: ${body.node} proved a seal that no line tells of`)]
}

/** A line of the station of this node. */
export function isOf({ actor }: RecordLine, node: NodeId, plan: Plan): boolean {
  const station = calledStations(plan).find((one) => one.node === node)
  return actor.role === 'custodian' && actor.person === station?.custodian
}

function isOfKey(
  one: { readonly keyState: Digest; readonly epoch: number; readonly vault: string },
  key: { readonly keyState: Digest; readonly epoch: number; readonly vault: string },
): boolean {
  return one.keyState === key.keyState && one.epoch === key.epoch && one.vault === key.vault
}

export function linesOf<T extends RecordType>(
  lines: readonly RecordLine[],
  type: T,
): readonly Extract<RecordLine, { readonly type: T }>[] {
  return lines.filter((line): line is Extract<RecordLine, { readonly type: T }> => {
    return line.type === type
  })
}

function bad(because: string): CeremonyFinding {
  return { check: 'I8', word: 'VIOLATION', because }
}
