// Child public key of a vault by non-hardened BIP-32 path, from public key and chain code only.
// Nodes shift their shares by the same tweak, so a child needs no new key. Hardened steps need the
// private key, which does not exist in one place, and are refused by the path's form.
// With `signature.ts` one of two files that touch the curve library here.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concat, fromHex, hmacSha512, toHex } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { remember } from '../../proto/remember.ts'
import { parsePath } from '../intent.ts'

const { Point } = secp256k1
type CurvePoint = InstanceType<typeof Point>
const order = Point.Fn.ORDER
/** Public keys: of vaults, and of the addresses below them that are in use. */
const pointsKept = 1_024
const branchesKept = 256

export interface ExtendedKey {
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array
  /** 32 bytes. */
  readonly chainCode: Uint8Array
}

/** BIP-32, CKDpub, once per step of the path; branches that many addresses share, once. */
export function derive(parent: ExtendedKey, path: string): ExtendedKey {
  const steps = parsePath(path)
  const last = steps.at(-1)
  if (last === undefined) return parent
  return step(steps.slice(0, -1).reduce(branch, parent), last)
}

/** x and y of a compressed key, 64 bytes: what addresses hash. */
export function pointBytes(publicKey: Uint8Array): Uint8Array {
  return bytesOf(toHex(publicKey)).slice()
}

/** Each payment is compared with the address of every own vault, and each takes a square root. */
const bytesOf = remember(pointsKept, (publicKey) =>
  parsePoint(bytesIn(publicKey)).toBytes(false).subarray(1),
)

/** The key plus tweak times the base point; the same shift that nodes apply to their shares. */
export function shift(publicKey: Uint8Array, tweak: Uint8Array): Uint8Array {
  const scalar = BigInt(`0x${toHex(tweak)}`)
  const point = scalar < order ? parentOf(toHex(publicKey)).add(times(scalar)) : Point.ZERO
  // Chance 2^-127 for an honest tweak; BIP-32 calls such a child invalid and so do we.
  if (point.is0()) refuse('BYTES_FROM', 'no key at this child')
  return point.toBytes(true)
}

function branch({ publicKey, chainCode }: ExtendedKey, child: number): ExtendedKey {
  return branchOf(`${toHex(publicKey)} ${toHex(chainCode)} ${child}`)
}

/** All deposit addresses of a vault lie below one. */
const branchOf = remember(branchesKept, (asked) => {
  const [publicKey = '', chainCode = '', child = ''] = asked.split(' ')
  return step({ publicKey: bytesIn(publicKey), chainCode: bytesIn(chainCode) }, Number(child))
})

/** A million deposit addresses have one parent, whose square root is taken once. */
const parentOf = remember(branchesKept, (publicKey) => parsePoint(bytesIn(publicKey)))

function bytesIn(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array()
}

function step({ publicKey, chainCode }: ExtendedKey, child: number): ExtendedKey {
  const index = new Uint8Array(4)
  new DataView(index.buffer).setUint32(0, child)
  const mac = hmacSha512(chainCode, concat(publicKey, index))
  return { publicKey: shift(publicKey, mac.subarray(0, 32)), chainCode: mac.slice(32) }
}

/** In a time that tells of the scalar, which whoever has key and chain code computes: no secret. */
function times(scalar: bigint): CurvePoint {
  return scalar === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(scalar)
}

function parsePoint(publicKey: Uint8Array): CurvePoint {
  try {
    if (publicKey.length === 33) return Point.fromBytes(publicKey)
  } catch {
    // The library's reason names its internals; ours follows.
  }
  return refuse('MALFORMED', 'public key: expected a compressed point of secp256k1')
}
