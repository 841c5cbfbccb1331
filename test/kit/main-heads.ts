// Heads of one main log as Bundles carried them, young and grown, with a root that followed; and the
// plan that names its first root.
import type { Plan } from '../../policy/ceremony/plan.ts'
import { MainLog } from './main-log.ts'
import { testPlan } from './planned.ts'

const log = () => new MainLog({ env: 'test' }).grow(5)

export function mainPlan(): Plan {
  return testPlan('sign', { mainRoot: log().first.root.digest })
}

export function mainHeads(): readonly Uint8Array[] {
  const main = log()
  const young = main.carried()
  const seen = main.size
  const grown = main.grow(4).carried([seen])
  main.replaceNode().grow(2)
  return [young, grown, main.carried([seen, seen + 4], ['node-a', 'node-b', 'node-d'])]
}
