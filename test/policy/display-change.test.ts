import { describe, expect, it } from 'vitest'
import { displayChange } from '../../policy/display-change.ts'
import { toHex } from '../../proto/crypto.ts'
import { parseVaultId } from '../../proto/ids.ts'
import { asks, hot, rulebook } from '../kit/change-log.ts'
import * as cold from '../kit/cold-log.ts'
import { refusedWith } from '../kit/refused.ts'

const shown = { rulebook, row: hot }
const vault =
  'VAULT     hot-eth (hot, key k-hot-eth)\nON        Local development chain (eip155:31337)\n'
const key =
  'ADDRESS   0x34d7f4eb8af52f892668fdd3da6bd0ff282b63cd\n' +
  'HELD BY   2 of node-a (1), node-b (2), node-c (3), epoch 1\n'
const end =
  'PURPOSE   care of a key\nASKED BY  bo\nRULE      governance.key (1 director + 1 risk)\n' +
  'DELAY     1h from the record of the request\nEXPIRES   2026-12-03T00:00:00Z\n'

const texts: { readonly [K in keyof typeof asks]: string } = {
  create: `CHANGE    make a new key\n${vault}HOLDERS   2 of all 3 nodes\n${end}`,
  refresh:
    `CHANGE    refresh the shares of a key\n${vault}${key}` +
    `          same key, same holders, same address; old shares become worthless\n${end}`,
  reshare:
    `CHANGE    deal a key to new holders\n${vault}${key}` +
    'DEALERS   node-a, node-c\nHOLDERS   2 of node-a (1), node-b (2), node-c (3)\n' +
    '          same key, same address; from then on the holders above sign, and nobody else\n' +
    end,
  import:
    `CHANGE    bring in a key from outside\n${vault}${key.split('\n')[0]}\n` +
    `PUBLIC KEY\n          ${toHex(hot.publicKey)}\n` +
    `CHAIN CODE\n          ${toHex(hot.chainCode)}\n` +
    `DEALING   ${asks.import.terms.commitments}\n` +
    `WARNING   whoever had this key before may still have it: nobody here can know\n${end}`,
  export:
    `CHANGE    EXPORT A WHOLE KEY\n${vault}${key}` +
    `RECIPIENT ${toHex(asks.export.terms.recipient)}\nKEY STATE ${hot.keyState}\n` +
    'WARNING   THE KEY LEAVES THE HOUSE: whoever holds the recipient key takes everything\n' +
    `          at this address and at every address derived from it; the vault signs no more\n${end}`,
  destroy:
    `CHANGE    DESTROY A KEY FOR EVER\n${vault}${key}KEY STATE ${hot.keyState}\n` +
    `WARNING   WHATEVER LIES AT THIS ADDRESS IS LOST FOR EVER: empty it first\n${end}`,
  prove:
    `CHANGE    sign a proof of control\n${vault}${key}KEY STATE ${hot.keyState}\n` +
    'SIGNS     exactly the lines below: a sentence that moves nothing\n' +
    '          custody control proof\n          organisation: acme\n' +
    '          environment: dev\n          vault: hot-eth\n          key: k-hot-eth\n' +
    '          epoch: 1\n          path: m/0/7\n          network: eip155:31337\n' +
    '          address: 0x0e0d6844d85b2a64409e3f57d51d0dcbf63e34bd\n' +
    '          public key: 03297cfa8f322492dc4a0297d66f380ed2eda869923d6f799963947822f4f9e2ee\n' +
    '          date: 2026-12-01T00:00:00Z\n          number: prove\n' +
    '          audience: auditor\n' +
    `          challenge: ${'c4'.repeat(32)}\n          purpose: proof of reserve\n` +
    end.replace('care of a key', 'proof of reserve'),
  readmit:
    'CHANGE    let a node trust a banned peer again\nNODE      node-a lifts its ban\n' +
    'PEER      node-b\n' +
    '          a ban means that the peer was caught deviating: be sure that its machine is clean\n' +
    end,
}

describe('the text that people approve', () => {
  it.each(Object.entries(asks))('says what happens to which key: %s', (name, change) => {
    const row = name === 'create' || name === 'import' ? undefined : hot
    expect(displayChange(change, { rulebook, row })).toBe(texts[name as keyof typeof asks])
  })

  it('says of a ceremony what it is for, when, and what is asked of whom', () => {
    const { ceremony: plan, request } = cold.signing(cold.coldLog())
    const { change } = plan.asked
    const laws = { rulebook: cold.rulebook, row: undefined }
    expect(displayChange(change, laws)).toBe(
      `CHANGE    hold a ceremony\nKIND      sign: stations sign\nPLAN      ${plan.plan}\n` +
        `VAULT     cold-eth (cold, key k-cold-eth)\nREQUEST   ${request}\n` +
        'FROM      2026-12-02T00:00:00Z\n' +
        'UNTIL     2026-12-02T08:00:00Z; not ended by then, its vaults are frozen\n' +
        'PURPOSE   care of a key\nASKED BY  bo\n' +
        'RULE      governance.ceremony (1 director + 1 risk)\n' +
        'DELAY     1h from the record of the request\nEXPIRES   2026-12-03T00:00:00Z\n',
    )
    expect(refusedWith(() => displayChange(change, shown))).toBe('DISPLAY')
  })

  it('says where an imported key goes on, address by address', () => {
    const { terms } = asks.import
    const nonces = [
      { path: 'm', next: 57 },
      { path: 'm/0/3', next: 4 },
    ]
    const change = { ...asks.import, terms: { ...terms, nonces } }
    expect(displayChange(change, { rulebook, row: undefined })).toBe(
      texts.import.replace(
        'WARNING',
        'NONCE     m goes on at 57: it signed before\n' +
          'NONCE     m/0/3 goes on at 4: it signed before\nWARNING',
      ),
    )
  })

  it('is about a vault of the policy, and a key that exists', () => {
    const vaultId = parseVaultId('nowhere')
    expect(refusedWith(() => displayChange({ ...asks.refresh, vault: vaultId }, shown))).toBe(
      'DISPLAY',
    )
    const none = { rulebook, row: undefined }
    expect(refusedWith(() => displayChange(asks.refresh, none))).toBe('DISPLAY')
    expect(refusedWith(() => displayChange(asks.refresh, shown))).toBe('accepted')
  })

  it('differs for every term, so that no approval serves two changes', () => {
    const base = displayChange(asks.reshare, shown)
    const { terms } = asks.reshare
    const others = [
      { ...terms, dealers: terms.dealers.slice(0, 1) },
      { ...terms, participants: terms.participants.slice(0, 2) },
      { ...terms, t: 3 },
    ]
    for (const other of others) {
      expect(displayChange({ ...asks.reshare, terms: other }, shown)).not.toBe(base)
    }
  })
})
