// Roots of a whole house after the first one: drawn up, signed by governance keys and submitted, with
// the policy that goes with the new numbers. The nodes are those of the tests, by name and place.
import { submitRoot } from '../../coordinator/successions.ts'
import { digestOfText } from '../../policy/document.ts'
import { parseRoot } from '../../policy/documents.ts'
import { rootMessage, rootSignaturesText } from '../../policy/succession.ts'
import { ed25519Signer } from '../../proto/crypto.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { tags } from '../../proto/tags.ts'
import { policyText, rootText } from '../coordinator/world.ts'
import { digestFor, publicKeyOf, seedOf, witnessKey } from '../policy/dev-fixture.ts'
import type { House } from './house.ts'

/** Of everybody whom a root of these tests may name; the fourth comes in the place of the third. */
export const places: Readonly<Record<string, number>> = {
  'signer-a': 1,
  'signer-b': 2,
  'signer-c': 3,
  'signer-d': 3,
  'signer-e': 4,
  'signer-f': 5,
}

export interface Numbers {
  readonly n: number
  readonly t: number
  readonly q: number
  /** New vaults by the tier they are of. */
  readonly vaults?: Readonly<Record<string, string>>
  /** Of the witnesses; 0 where it is left out. */
  readonly f?: number
  readonly lights?: readonly string[]
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const nodeOf = (node: string, x: number): JsonObject => ({ ...lightOf(node), x })
const lightOf = (node: string): JsonObject => ({
  node,
  identity: hex(publicKeyOf(node)),
  transport: digestFor(`tls/${node}`),
  witness: witnessKey(node),
})

/** Roots, each drawn up from the one before. */
export class RootDrafts {
  readonly #places: Readonly<Record<string, number>>
  #root = rootText
  #policy = policyText

  constructor(more: Readonly<Record<string, number>> = {}) {
    this.#places = { ...places, ...more }
  }

  /** The root that the next one succeeds. */
  get last(): string {
    return this.#root
  }

  next(nodes: readonly string[], numbers: Numbers, by: readonly string[]) {
    const { n, t, q, f = 0, lights = [], vaults = {} } = numbers
    const [before, old] = [JSON.parse(this.#root), JSON.parse(this.#policy)]
    const w = n + lights.length
    const policy = text({
      ...old,
      version: old.version + 1,
      previous: digestOfText(tags.policy, this.#policy),
      quorumCrypto: { n, t, f: 1 },
      vaults: { ...old.vaults, ...added(old, vaults) },
      log: { ...old.log, witness: { n: w, f, quorum: q } },
    })
    const root = text({
      ...before,
      version: before.version + 1,
      previous: digestOfText(tags.root, this.#root),
      nodes: nodes.map((node) => nodeOf(node, this.#places[node]!)),
      quorumCrypto: { n, t, f: 1 },
      witnesses: lights.map(lightOf),
      witness: { w, f, q },
      genesis: { ...before.genesis, policy: digestOfText(tags.policy, policy) },
    })
    return { root, signatures: signed(root, by), documents: [policy] }
  }

  /** It is in force: the next one is drawn up from it. */
  taken({ root, documents: [policy = ''] }: ReturnType<RootDrafts['next']>): void {
    this.#root = root
    this.#policy = policy
  }
}

/** The roots of one house. */
export class HouseRoots {
  readonly #house: House
  readonly #drafts: RootDrafts

  constructor(house: House, more: Readonly<Record<string, number>> = {}) {
    this.#house = house
    this.#drafts = new RootDrafts(more)
  }

  /** Where a node stands: the version in force, or why the root was not taken. */
  async succeed(
    nodes: readonly string[],
    numbers: Numbers,
    by = ['jun', 'kat'],
  ): Promise<number | string> {
    const sent = this.#drafts.next(nodes, numbers, by)
    const submit = (what: typeof sent) =>
      this.#house.during(submitRoot(this.#house.coordinator(), what))
    const answer = await submit(sent)
    if (isRefusal(answer)) return answer.code
    const again = await submit(sent)
    const other = await submit({ ...sent, root: this.#drafts.last })
    if (isRefusal(again) || again.seq !== answer.seq) throw new Error('it was not the same again')
    if (!isRefusal(other) || other.code !== 'RULESET_SIG') throw new Error('expected RULESET_SIG')
    this.#drafts.taken(sent)
    return this.#house.coordinator().roots.now.version
  }
}

/** Each as the vault of its tier, with a key of its own; nobody may pay from it by a rule. */
function added(
  { vaults }: { readonly vaults: JsonObject },
  more: Readonly<Record<string, string>>,
) {
  return Object.fromEntries(
    Object.entries(more).map(([name, tier]) => [
      name,
      { ...Object(vaults[tier]), key: `k-${name}` },
    ]),
  )
}

function signed(root: string, by: readonly string[]): string {
  const { org, env, digest } = parseRoot(root)
  return rootSignaturesText({
    ...{ org, env, root: digest },
    signatures: by.map((name) => ({
      key: publicKeyOf(`root/${name}`),
      signature: ed25519Signer(seedOf(`root/${name}`))(rootMessage(root)),
    })),
  })
}
