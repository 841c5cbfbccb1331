// The worst that a coordinator can do with a node that runs twice: two logs, from the copy of the disk
// on, with one instance in each, and no word from the one side to the other. The witnesses are four,
// one of them light, one of them may be corrupt, and three have to agree.
import type { Store } from '../../coordinator/store/store.ts'
import type { Digest } from '../../proto/ids.ts'
import type { Runner } from '../../signer-node/stepper.ts'
import { payout } from '../coordinator/world.ts'
import type { House } from './house.ts'
import { openHouse } from './house-open.ts'
import { HouseRoots } from './house-roots.ts'
import { Rollbacks, stateOf } from './rollback.ts'
import { copyOf } from './store-copy.ts'

const [a, b, c] = ['signer-a', 'signer-b', 'signer-c'] as const
export const light = 'light-d'
export const twin = `${a}#2`

export interface SplitHouse {
  readonly house: House
  readonly other: Store
}

/** `a`, `b` and the light witness at the first coordinator; a copy of `a`, and `c`, at the second. */
export async function splitHouse(seed: string, runner?: Runner): Promise<SplitHouse> {
  const house = await openHouse({
    seed,
    coordinators: ['c1', 'c2'],
    started: ['c1'],
    ...(runner && { runner }),
  })
  house.addProcess(light, true).start()
  const roots = new HouseRoots(house)
  const four = { n: 3, t: 2, q: 3, f: 1, lights: [light] }
  await roots.succeed([a, b, c], { ...four, q: 4 })
  await allReady(house)
  await roots.succeed([a, b, c], four)
  await allReady(house)
  await house.pass(2_000)
  const disks = new Rollbacks(house)
  const present = disks.take(a)
  const other = await copyOf(house.store)
  for (const node of [a, b, light]) house.wires.pull({ node, coordinator: 'c2' })
  for (const node of [c, twin]) house.wires.pull({ node, coordinator: 'c1' })
  await house.startCoordinator('c2', other)
  disks.spawn(twin, present)
  await house.until('both stand', () =>
    [a, b, c, twin].every((name) => stateOf(house, name) === 'ready'),
  )
  await house.pass(15_000)
  return { house, other }
}

function allReady(house: House): Promise<void> {
  return house.until('all are ready', () =>
    [a, b, c, light].every((name) => stateOf(house, name) === 'ready'),
  )
}

/** A payment in each log; afterwards the streams are put back and the two instances hear of each other. */
export async function playSplit({ house }: SplitHouse): Promise<readonly string[]> {
  const broken: string[] = []
  const [here, there] = [await payAt(house, 'c1'), await payAt(house, 'c2')]
  await house.until('the first log pays', () => sharesIn(house, here).length === 2)
  await house.pass(90_000)
  const left = sharesIn(house, there)
  broken.push(...left.map((node) => `${node} released a share in the second log`))
  house.wires.plug({ node: b, coordinator: 'c2' })
  await house.until('both are fenced', () =>
    [a, twin].every((name) => ['fenced', 'forked'].includes(stateOf(house, name))),
  )
  return broken
}

function payAt(house: House, coordinator: string): Promise<Digest> {
  const created = house.time.now
  return house.submit(payout({ created, notAfter: created + 3_600_000 }), [], coordinator)
}

const sharesIn = (house: House, id: Digest) => house.record.sharesOf(id).map(({ node }) => node)
