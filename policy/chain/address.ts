// The address of a vault's key at a path, on one network: the one function that turns a key and a
// path into what payers are told. Pure; whose key it is, is said elsewhere.
import { chainOf } from './chains.ts'
import { derive, type ExtendedKey } from './derive.ts'

/** `path`: `m` or non-hardened steps below it. */
export function addressAt(network: string, key: ExtendedKey, path: string): string {
  return chainOf(network).address(derive(key, path).publicKey)
}
