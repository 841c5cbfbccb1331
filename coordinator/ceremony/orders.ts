// What a ceremony judges again in its room, for each request of the plan in its order: the Warrant
// of a payment, whose attempt is started here, or the Order of a change, which is kept beside the
// log because the line that it leads to names it.
import type { PlannedWarrant } from '../../policy/ceremony/bundle-in.ts'
import { isRefusal, type Refusal } from '../../proto/refusal.ts'
import type { Changes } from '../changes.ts'
import type { DriverPorts } from '../driver.ts'
import { putBlobs } from '../store/blobs.ts'
import type { Store } from '../store/store.ts'
import { plannedWarrant, type Ready, readyPayment, type Sitting, startPayment } from './payments.ts'

export interface OrdersPorts extends DriverPorts {
  readonly store: Store
  readonly changes: Changes
}

export interface Made {
  readonly warrants: readonly PlannedWarrant[]
  /** The newest line that the room stands on. */
  readonly seq: number
}

export async function makeWarrants(ports: OrdersPorts, sitting: Sitting): Promise<Made | Refusal> {
  const ready: Ready[] = []
  const warrants: PlannedWarrant[] = []
  // Everything is judged before the first attempt is started: it cannot be taken back.
  for (const { request, op } of sitting.plan.requests) {
    if (op === 'payment') {
      const one = await readyPayment(ports, sitting, request)
      if (isRefusal(one)) return one
      ready.push(one)
      warrants.push(plannedWarrant(one))
      continue
    }
    const issued = await ports.changes.issue(request)
    if (isRefusal(issued)) return issued
    const { admitted, order } = issued
    await putBlobs(ports.store, [{ digest: admitted.order, kind: 'order', content: order }])
    warrants.push({ kind: 'order', digest: admitted.order, bytes: order })
  }
  for (const one of ready) {
    const refused = await startPayment(ports, sitting, one)
    if (refused !== undefined) return refused
  }
  return { warrants, seq: ports.tree.size - 1 }
}
