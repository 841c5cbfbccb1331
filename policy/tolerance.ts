// Tolerance: the arithmetic between how many there are, how many act and how many may be corrupt,
// for the nodes of a key (n, t, f) and for the witnesses of the log (w, f, q).
// Policy and root both state these numbers; both are checked by this one function.
import { limits } from '../proto/limits.ts'

/** n nodes, t of them sign, f of them may be corrupt. */
export interface KeyQuorum {
  readonly n: number
  readonly t: number
  readonly f: number
}

/** w witnesses, f of them may be corrupt, q cosignatures are demanded. */
export interface WitnessQuorum {
  readonly w: number
  readonly f: number
  readonly q: number
}

/**
 * Every sentence that is not true of these numbers; empty when all hold. Where the vaults are cold,
 * their stations are no witnesses: they meet only for a ceremony.
 */
export function faultsOf(key: KeyQuorum, witness: WitnessQuorum, cold: boolean): readonly string[] {
  const { n, t, f } = key
  const { w, q } = witness
  const laws: readonly (readonly [boolean, string])[] = [
    [n <= limits.nodesMax, `expected at most ${limits.nodesMax} nodes, got ${n}`],
    [t >= 1 && t <= n, `expected 1 <= t <= n, got t ${t}, n ${n}`],
    [2 * t > n, `expected 2t > n, got t ${t}, n ${n}`],
    [f < t, `expected f <= t - 1, got f ${f}, t ${t}`],
    [w <= limits.witnessesMax, `expected at most ${limits.witnessesMax} witnesses, got ${w}`],
    [cold || w >= n, `expected every node to be a witness, got w ${w}, n ${n}`],
    [q >= 1 && q <= w, `expected 1 <= q <= w, got q ${q}, w ${w}`],
    // Two quorums share an honest witness, so a view cannot be split.
    [2 * q - w >= witness.f + 1, `expected 2q - w >= f + 1, got q ${q}, w ${w}, f ${witness.f}`],
  ]
  return laws.filter(([holds]) => !holds).map(([, sentence]) => sentence)
}

/** How many witnesses may be down while signing goes on. */
export function spare({ w, q }: WitnessQuorum): number {
  return w - q
}
