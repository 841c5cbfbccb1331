// What own addresses did in a range of blocks, as enough endpoints agree on it: for the chain file
// of an auditor. The blocks in which an address sent something are found by its nonce, which grows
// with each transaction, by halves; tokens by the events that name the address; balances as of the
// block before the range and of its last. Deposit addresses: `deposit-outflows.ts`.
// Needs endpoints that keep old states. Tokens that nobody named are not seen.
import type { ChainAccount, ChainFile } from '../../policy/audit/chain-file.ts'
import { depositsOf } from './deposit-outflows.ts'
import { hasCode, movedAmong, nonceAt, sentBy } from './evm-flows.ts'
import type { Range } from './kind.ts'
import type { Block, EvmLook } from './look.ts'
import { unavailable } from './post.ts'

/** Throws `Unavailable` where endpoints do not agree, or keep no states that old. */
export async function collect(look: EvmLook, range: Range): Promise<ChainFile> {
  const accounts: ChainAccount[] = []
  const { network, from, to } = range
  for (const address of range.addresses) accounts.push(await accountOf(look, address, range))
  const below = await depositsOf(look, range)
  // Answers are asked for by height: under another block they would be of two chains.
  const { hash } = await look.blockAt(to.height)
  if (hash !== to.hash) throw unavailable(`block ${to.height} is another one now: collect again`)
  return {
    format: 'custody-chain/v1',
    ...{ network, accounts, witnesses: look.witnesses, ...below },
    from: Number(from),
    to: Number(to.height),
    block: Uint8Array.from(Buffer.from(to.hash.slice(2), 'hex')),
  }
}

async function accountOf(look: EvmLook, address: string, range: Range): Promise<ChainAccount> {
  const first = range.from - 1n
  const nonces = {
    before: await nonceAt(look, address, first),
    after: await nonceAt(look, address, range.to.height),
  }
  const sent = await sentBy(look, address, { range, nonces })
  const before = await look.blockAt(first)
  const balances: ChainAccount['balances'][number][] = []
  for (const contract of ['', ...range.tokens]) {
    balances.push({
      contract,
      before: await heldAt(look, before, { address, contract }),
      after: (await look.balance(range.to, address, contract)).amount,
    })
  }
  const moved = await movedAmong(look, [address], range)
  return { address, nonces, sent, moved, balances }
}

/** Nothing of a token whose contract is not there yet: it answers a call with nothing at all. */
async function heldAt(
  look: EvmLook,
  block: Block,
  { address, contract }: { readonly address: string; readonly contract: string },
): Promise<bigint> {
  const isThere = contract === '' || (await hasCode(look, contract, block.height))
  return isThere ? (await look.balance(block, address, contract)).amount : 0n
}
