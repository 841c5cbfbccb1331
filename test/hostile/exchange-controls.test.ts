// The rules of the exchange, each with the message that breaks it alone, and the same inbox without it.
import { describe, expect, it } from 'vitest'
import { Abort } from '../../signer-node/dkls23/abort.ts'
import { alone, raw } from '../../signer-node/dkls23/layout.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { broadcast, type Inbox, type Protocol, roundOf } from '../../signer-node/dkls23/protocol.ts'
import { nodes } from '../kit/protocol.ts'

describe('a message that breaks a rule of the exchange is stopped by that rule', () => {
  const round = roundOf(4, 'the test round', alone('value', raw('bytes', 2)))
  const peers = nodes(2, 3)
  const from = (x: number, bytes: readonly number[], number = 4) => ({
    round: number,
    from: parseParty(x),
    bytes: Uint8Array.from(bytes),
  })
  const honest = [from(2, [0, 2]), from(3, [0, 3])]

  /** With and without the message that breaks the rule. */
  function heard(inbox: Inbox, rule = round): string {
    const protocol: Protocol<unknown> = broadcast(rule, peers, Uint8Array.of(0, 1))
    protocol.next([])
    try {
      return protocol.next(inbox).done === true ? 'done' : 'goes on'
    } catch (thrown) {
      return thrown instanceof Abort ? thrown.reason : String(thrown)
    }
  }

  it.each([
    ['unknown-sender', from(4, [0, 4])],
    ['duplicate-message', from(2, [0, 9])],
    ['duplicate-message', from(2, [0, 2], 5)],
  ])('%s', (reason, more) => {
    expect(heard([...honest, more])).toBe(reason)
    expect(heard(honest)).toBe('done')
  })

  it('wrong-round, missing-message and wrong-size', () => {
    expect(heard([from(2, [0, 2], 3), from(3, [0, 3])])).toBe('wrong-round')
    expect(heard([from(2, [0, 2])])).toBe('missing-message')
    const long = [from(2, [0, 2, 2]), from(3, [0, 3])]
    expect(heard(long)).toBe('wrong-size')
    expect(heard([from(2, [0, 2]), from(3, [0, 3])])).toBe('done')
    // Behind the size stands the decoder, which reads to the end and no further.
    const loose = { ...round, size: 3, encode: () => new Uint8Array(3) }
    expect(heard(long, loose)).toBe('malformed')
  })
})
