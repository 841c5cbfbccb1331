// A house on a network as a watcher sees it: one key for each vault, deposit addresses below it,
// and requests as they were asked. The coordinator is the stand-in for its face.
import { addressAt } from '../../policy/chain/address.ts'
import type { ExtendedKey } from '../../policy/chain/derive.ts'
import { toHex } from '../../proto/crypto.ts'
import type { Place } from './cluster.ts'
import { vaultOf } from './cluster-vault.ts'
import type { FakeCoordinator } from './coordinator.ts'

interface Swept {
  readonly network: string
  readonly key: ExtendedKey
  /** Of the deposit addresses, by their index. */
  readonly paths: readonly string[]
}

export function tellOf(house: FakeCoordinator, place: Place, { network, key, paths }: Swept): void {
  house.lies.VaultService = {
    GetVault: async ({ vault }) => ({ vault: vaultOf(place, vault, toHex(key.publicKey)) }),
    ListDepositAddresses: async ({ vault, from }) => ({
      addresses: paths.slice(from).map((path, index) => ({
        ...{ vault, service: 'svc-treasury', reference: `c-${index}`, index, path, network },
        ...{ address: addressAt(network, key, path), certificate: new Uint8Array(0) },
      })),
      next: 0,
    }),
  }
  house.lies.SigningService = {
    ListRequests: async ({ state }) => ({
      requests: [...house.requests.values()]
        .map(({ request }) => request)
        .toReversed()
        .filter((request) => state === '' || request.state === state),
      nextPageToken: '',
    }),
  }
}
