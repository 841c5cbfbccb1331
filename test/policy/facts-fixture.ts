// One payout of the development organisation as facts, with everything in order; tests change one
// thing of it.
import { loadRulebook } from '../../policy/analyse.ts'
import type { ApprovalFacts, Facts } from '../../policy/facts.ts'
import { parseRoster } from '../../policy/roster.ts'
import { parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { digestFor, directoryText, handleOf, notBefore, policyText, token } from './dev-fixture.ts'

export const rulebook = loadRulebook(policyText)
export const roster = parseRoster(directoryText)
export const minute = 60_000
export const created = notBefore + 60 * minute
export const usdt = 1_000_000n

export function factsOf(change: Partial<Facts> = {}, intent: Partial<Facts['intent']> = {}): Facts {
  return {
    at: created + minute,
    intent: {
      org: handleOf('acme-dev'),
      env: 'dev',
      id: handleOf('0193a6b2'),
      created,
      notAfter: created + 24 * 60 * minute,
      vault: parseVaultId('hot'),
      path: 'm',
      network: 'eip155:31337',
      op: 'erc20.transfer',
      asset: handleOf('usdt'),
      contract: token,
      to: '0x7a16ff8270133f063aab6c9977183d9e72835428',
      dest: digestFor('record'),
      amount: 1000n * usdt,
      maxFee: 10n ** 15n,
      purpose: 'withdrawal/88213-551',
      initiator: parsePersonId('svc-payouts'),
      ...intent,
    },
    destination: {
      kind: 'record',
      class: handleOf('customer'),
      status: 'active',
      activeFrom: notBefore,
      activatedAt: notBefore,
    },
    nativeBeside: 0n,
    feeMax: 10n ** 15n,
    history: {
      limits: rulebook.limits.map(({ id }) => ({ id, used: 0n })),
      duplicateOf: '',
      frozen: false,
    },
    approvals: [],
    rejected: false,
    ...change,
  }
}

export function yes(person: string, role: string, witnessedAt = created): ApprovalFacts {
  return { person: parsePersonId(person), role: handleOf(role), witnessedAt }
}

export function usedOf(id: string, used: bigint): Facts['history'] {
  const { history } = factsOf()
  return {
    ...history,
    limits: history.limits.map((use) => (use.id === id ? { ...use, used } : use)),
  }
}

export const large = { amount: 50_000n * usdt }

export function coldOut(change: Partial<Facts> = {}): Facts {
  const destination = {
    kind: 'vault',
    class: handleOf('warm'),
    vault: parseVaultId('warm'),
  } as const
  return factsOf(
    { destination, ...change },
    { vault: parseVaultId('cold'), dest: '', initiator: parsePersonId('eli') },
  )
}
