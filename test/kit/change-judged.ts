// Judging a change of `change-log.ts` with one thing bent: the own copy, the clock, the order.
import { type AdmittedChange, admitChange } from '../../policy/admit-change.ts'
import type { Change } from '../../policy/change.ts'
import type { Own } from '../../policy/check-lines.ts'
import type { Order } from '../../policy/order.ts'
import type { RequestView } from '../../policy/view.ts'
import { isRefusal } from '../../proto/refusal.ts'
import type { TestLog } from './audit-log.ts'
import { Asked, asks, bootedLog, keyedLog, type Options, ripe } from './change-log.ts'

export interface Bend {
  readonly own?: Partial<Own>
  readonly view?: (view: RequestView) => RequestView
  readonly order?: Uint8Array
}

export function judged(asked: Asked, bend: Bend = {}): ReturnType<typeof admitChange> {
  const { view } = asked
  const createdAt = view.intent?.t ?? 0
  return admitChange({
    order: bend.order ?? asked.order,
    own: {
      view: bend.view?.(view) ?? view,
      clockMs: asked.log.t,
      frozenLocally: false,
      witnessedAt: (seq) => (seq === view.intent?.seq ? createdAt : asked.log.t),
      ...bend.own,
    },
  })
}

export const says = (asked: Asked, bend: Bend = {}): string => {
  const result = judged(asked, bend)
  return isRefusal(result) ? `${result.check} ${result.code}` : 'admitted'
}

export function admitted(asked: Asked): AdmittedChange {
  const result = judged(asked)
  if (isRefusal(result)) throw new Error(`${result.check} ${result.code}: ${result.because}`)
  return result
}

export const on = (change: Change): TestLog =>
  change.op === 'key.create' || change.op === 'key.import' ? bootedLog() : keyedLog()
export const refresh = (options: Options = {}) => ripe(keyedLog(), asks.refresh, options)

/** An order with one part replaced, on the same request. */
export class OrderOf extends Asked {
  constructor(asked: Asked, patch: Partial<Order>) {
    super(asked.log, asked.change, {
      ...asked.options,
      order: { ...asked.options.order, ...patch },
    })
    this.approvals = asked.approvals
  }
}
