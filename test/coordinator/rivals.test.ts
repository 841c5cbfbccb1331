// Who else may have used a nonce: whatever was given it later, and what was cancelled there.
import { expect, it } from 'vitest'
import { rivalsOf, settledRival } from '../../coordinator/rivals.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { parseDigest } from '../../proto/ids.ts'
import { Payment, readyLog } from '../kit/audit-log.ts'

const hour = 3_600_000
const cancels = { op: 'evm.cancel', amount: '0', asset: 'eth-native', dest: 'hot' }

it('a request whose nonce went on finds what has it, also where that is cancelled', () => {
  const on = readyLog()
  const named = ({ intent }: Payment) => parseDigest(intent)
  const rivals = (of: Payment) => readSync(rivalsOf(named(of)), on.rows).toSorted()
  const first = new Payment('first', on.t + hour)
  on.add('intent.created', first.created()).add('spend.reserved', first.reserved('0'))
  on.add('session.started', first.started(1, '0')).add('session.aborted', first.aborted(1))
  on.t = first.notAfter + 1
  const second = new Payment('second', on.t + hour)
  on.add('intent.created', second.created()).add('spend.reserved', second.reserved('0'))
  on.add('session.started', second.started(1, '0')).add('sign.completed', second.completed(1))
  expect(rivals(first)).toEqual([second.intent])
  const cancel = new Payment('cancel', on.t + hour, cancels)
  on.add('intent.created', cancel.created())
  on.add('spend.reserved', cancel.reserved('0', { cancels: second.intent }))
  expect(rivals(first)).toEqual([second.intent, cancel.intent].toSorted())
  expect(rivals(second)).toEqual([cancel.intent])
  expect(rivals(cancel)).toEqual([second.intent])
  // What was cancelled may land nonetheless, and what came before it is dropped for it.
  on.add('tx.broadcast', second.followed).add('tx.settled', second.settled)
  expect(readSync(settledRival(named(first)), on.rows)).toBe(second.intent)
})
