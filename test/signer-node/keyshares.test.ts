// What a node does with its share of a key that is no longer its own: nothing before the line that
// says so is witnessed, and then every file up to that epoch goes, and what waits above it stays.
import { describe, expect, it, vi } from 'vitest'
import type { Query } from '../../policy/audit/rows.ts'
import { put, tables } from '../../policy/audit/tables.ts'
import { madeHere } from '../../policy/key-standing.ts'
import type { VaultRow } from '../../policy/view.ts'
import { fromHex } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import type { ScryptJob } from '../../proto/seal.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { Keyshares, type KeysharesNeeds } from '../../signer-node/keyshares.ts'
import type { KeyshareState } from '../../signer-node/keystore.ts'
import { type Hidden, Shield } from '../../signer-node/shield.ts'
import { vaultRow } from '../coordinator/world.ts'
import { refusal } from '../kit/refused.ts'
import { TestClock, testPorts } from './world.ts'

const cost = { n: 2 ** 10, r: 8, p: 1 }
const hot: VaultRow = { ...vaultRow('hot'), ...madeHere }

function kept(row: VaultRow, node: string, destroy: (through: number) => number = () => 1) {
  const ports = testPorts('keyshares', new TestClock())
  const asked: number[] = []
  let isCovered = false
  const { key, value } = put(tables.vault, row.vault, row) as { key: string; value: string }
  const needs = {
    self: { node },
    rows: { answer: () => [{ key, value }] },
    copy: { size: () => 10, keyLine: () => 9, head: () => ({ t: 0 }) },
    witness: { coverage: () => ({ isCovered }) },
    keystore: {
      pending: () => [],
      destroy: (_vault: string, through: number) => {
        asked.push(through)
        return destroy(through)
      },
    },
    ports,
    superseded: () => {},
    rested: () => {},
  } as unknown as KeysharesNeeds
  const keyshares = new Keyshares(needs)
  const witnessed = (): void => {
    isCovered = true
  }
  return { keyshares, asked, witnessed, names: () => ports.events.map(({ name }) => name) }
}

/** A file that opens when its key comes. */
function opens(state: KeyshareState = 'active') {
  const answers: ((key: Uint8Array) => void)[] = []
  const ports = testPorts('keyshares', new TestClock())
  const runner = {
    ...ports.runner,
    scrypt: (_job: ScryptJob, answer: (key: Uint8Array) => void) => void answers.push(answer),
  }
  const past = { origin: 'made', isExported: false, standing: 'active' }
  const facts = { epoch: hot.epoch, past }
  const secretShare = new Secret(new Uint8Array(32).fill(7))
  const log: { row: VaultRow } = { row: hot }
  const done: string[] = []
  const shield = new Shield(ports.random)
  const hide = vi.spyOn(shield, 'hide')
  const hidden = (): Hidden[] => hide.mock.results.map(({ value }) => value as Hidden)
  const keystore = {
    shield,
    curve: nativeCurve(),
    pending: () => [],
    destroy: () => 1,
    held: () => [{ epoch: log.row.epoch, state }],
    activate: (_vault: string, epoch: number) => done.push(`activated ${epoch}`),
    *opening({ epoch, keyState }: { epoch: number; keyState: string }) {
      if (done.includes('damaged')) refuse('SEAL', 'does not open')
      yield { passphrase: new Uint8Array(1), salt: new Uint8Array(1), cost }
      const of = { facts: { ...facts, epoch }, keyState: fromHex(keyState), secretShare }
      return { ...of, [Symbol.dispose]: () => done.push(`wiped ${epoch}`) }
    },
    *marking({ epoch, keyState }: { epoch: number; keyState: string }) {
      yield { passphrase: new Uint8Array(1), salt: new Uint8Array(1), cost }
      const marked = { ...facts, epoch, past: { ...past, isExported: true } }
      const of = { facts: marked, keyState: fromHex(keyState), secretShare }
      return { ...of, [Symbol.dispose]: () => done.push(`marked ${epoch}`) }
    },
  }
  const line = {
    ...{ seq: 8, t: 0, change: hot.keyState, keyState: hot.keyState, vault: hot.vault },
    ...{ nodes: hot.participants.map(({ node }) => node), recipient: new Uint8Array(32) },
  }
  const needs = {
    self: { node: hot.participants[0]?.node },
    rows: {
      answer: ({ table }: Query) => [
        table === 'exported'
          ? put(tables.exported, hot.vault, line)
          : put(tables.vault, hot.vault, log.row),
      ],
    },
    copy: { size: () => 10, keyLine: () => 9, head: () => ({ t: 0 }) },
    witness: { coverage: () => ({ isCovered: true }) },
    keystore,
    ports: { ...ports, runner },
    superseded: (vault: string, seq: number) => done.push(`superseded ${vault} ${seq}`),
    rested: (vault: string) => done.push(`rested ${vault}`),
    opened: () => done.push('told'),
  } as unknown as KeysharesNeeds
  const keyshares = new Keyshares(needs)
  const give = () => answers.shift()?.(Uint8Array.of(1))
  return { keyshares, log, done, give, asked: () => answers.length, shield, hidden }
}

describe('a share in force that is opened elsewhere', () => {
  it('is held when its key has come, and that is told; it is asked for once', () => {
    const { keyshares, done, give, asked } = opens()
    expect([keyshares.review(), keyshares.review(), asked()]).toEqual([false, false, 1])
    expect(keyshares.of(hot)).toBeUndefined()
    give()
    expect(keyshares.of(hot)?.facts.epoch).toBe(hot.epoch)
    expect(done).toEqual([`activated ${hot.epoch}`, `wiped ${hot.epoch}`, 'told'])
    expect([keyshares.review(), asked()]).toEqual([false, 0])
  })

  it('fences its node from when it is found, where it is a restored one', () => {
    const { keyshares, give } = opens('restored')
    keyshares.review()
    expect(keyshares.restored()).toEqual([hot.vault])
    give()
    expect(keyshares.restored()).toEqual([hot.vault])
    const sound = opens()
    sound.keyshares.review()
    expect(sound.keyshares.restored()).toEqual([])
  })

  it('is here before it returns at a start', () => {
    const { keyshares, done, asked } = opens()
    keyshares.reviewAtOnce()
    expect([keyshares.of(hot)?.facts.epoch, asked()]).toEqual([hot.epoch, 0])
    expect(done).not.toContain('told')
  })

  it('is not used when the log went on meanwhile; the old one is gone before the new is here', () => {
    const { keyshares, log, done, give, asked } = opens()
    keyshares.review()
    give()
    const later: VaultRow = { ...hot, epoch: hot.epoch + 1 }
    log.row = later
    done.length = 0
    keyshares.review()
    expect(done).toEqual([`superseded ${hot.vault} 9`])
    expect([keyshares.of(hot), keyshares.of(later), asked()]).toEqual([undefined, undefined, 1])
    // The next epoch comes into force before this one was opened.
    const last: VaultRow = { ...hot, epoch: hot.epoch + 2 }
    log.row = last
    keyshares.review()
    done.length = 0
    give()
    expect([done, asked()]).toEqual([[], 1])
    give()
    expect(keyshares.of(last)?.facts.epoch).toBe(last.epoch)
  })

  it('is not activated when the line that disables its key came meanwhile', () => {
    const { keyshares, log, done, give } = opens()
    keyshares.review()
    log.row = { ...hot, standing: 'disabled' }
    give()
    expect(done).toEqual([`wiped ${hot.epoch}`])
    expect(keyshares.all()).toEqual([])
  })

  it('is not held by a node that went down meanwhile', () => {
    const { keyshares, done, give } = opens()
    keyshares.review()
    keyshares[Symbol.dispose]()
    give()
    expect([keyshares.all(), done]).toEqual([[], []])
  })

  describe('whose key was exported', () => {
    const exported: VaultRow = { ...hot, standing: 'exported', exported: true }
    const held = () => {
      const made = opens()
      made.keyshares.review()
      made.give()
      made.log.row = exported
      made.done.length = 0
      made.keyshares.review()
      return made
    }
    const isMarked = (keyshares: Keyshares, row = exported) =>
      keyshares.of(row)?.facts.past.isExported

    it('is marked elsewhere, asked for once, and held as it was until then', () => {
      const { keyshares, give, asked } = held()
      keyshares.review()
      expect([asked(), isMarked(keyshares)]).toEqual([1, false])
      give()
      expect([isMarked(keyshares), keyshares.review(), asked()]).toEqual([true, false, 0])
    })

    it('is not held again when it was marked after its key was destroyed', () => {
      const { keyshares, log, give } = held()
      log.row = { ...exported, standing: 'disabled' }
      keyshares.review()
      give()
      expect(keyshares.all()).toEqual([])
    })

    it('is not held by a node that went down meanwhile', () => {
      const { keyshares, done, give } = held()
      keyshares[Symbol.dispose]()
      give()
      expect([keyshares.all(), done]).toEqual([[], []])
    })
  })

  it('that does not open is an alarm, and is not tried again', () => {
    const { keyshares, done, asked } = opens()
    done.push('damaged')
    expect([keyshares.review(), keyshares.review(), asked()]).toEqual([false, false, 0])
    expect(keyshares.of(hot)).toBeUndefined()
  })
})

describe('the share of a node that holds the key no more', () => {
  it('goes when the line is witnessed and not before, up to that epoch, once', () => {
    const row = hot
    const { keyshares, asked, witnessed, names } = kept(row, 'signer-z')
    expect([keyshares.review(), asked]).toEqual([false, []])
    witnessed()
    expect([keyshares.review(), asked]).toEqual([true, [row.epoch]])
    expect([keyshares.review(), asked]).toEqual([false, [row.epoch]])
    expect(names()).toEqual(['keyshare-destroyed'])
  })

  it('goes with everything that waits when the key was destroyed', () => {
    const row: VaultRow = { ...hot, standing: 'disabled' }
    const { keyshares, asked, witnessed } = kept(row, 'signer-a')
    witnessed()
    expect([keyshares.review(), asked]).toEqual([true, [Number.POSITIVE_INFINITY]])
  })

  it('that cannot be deleted is an alarm, said once, and is tried again', () => {
    const gone = () => refuse('BACKUP', 'the volume is read-only')
    const { keyshares, asked, witnessed, names } = kept(hot, 'signer-z', gone)
    witnessed()
    expect([keyshares.review(), keyshares.review()]).toEqual([false, false])
    expect(asked).toHaveLength(2)
    expect(names()).toEqual(['keyshare-left'])
  })
})

describe('a share at rest', () => {
  const held = () => {
    const made = opens()
    made.keyshares.review()
    made.give()
    made.done.length = 0
    return made
  }
  const bytesOf = ({ salt, sealed }: Hidden): Uint8Array => new Uint8Array([...salt, ...sealed])

  it('is overwritten where it was held, what works with it ends, and no look opens it again', () => {
    const { keyshares, done, asked, shield, hidden } = held()
    const [share] = hidden() as [Hidden]
    const kept = keyshares.of(hot)
    using opened = shield.open(share)
    expect([opened.bytes, hidden().length]).toEqual([new Uint8Array(32).fill(7), 1])
    keyshares.rest(hot.vault)
    expect(bytesOf(share)).toEqual(new Uint8Array(48))
    expect(() => kept?.open()).toThrow('does not open')
    expect([keyshares.all(), keyshares.forRefresh(hot)]).toEqual([[], undefined])
    expect(done).toEqual([`rested ${hot.vault}`])
    expect([keyshares.review(), asked()]).toEqual([false, 0])
  })

  it('is every one of a Station that was opened, and has been named as what is in force', async () => {
    const { keyshares, done, give, asked, hidden } = opens()
    keyshares.review()
    const rested = keyshares.restAll().then(() => done.push('all rest'))
    await Promise.resolve()
    expect(done).toEqual([])
    give()
    await rested
    expect(done.slice(-2)).toEqual([`rested ${hot.vault}`, 'all rest'])
    expect(done).toContain(`activated ${hot.epoch}`)
    expect([keyshares.all(), hidden().map(bytesOf)]).toEqual([[], [new Uint8Array(48)]])
    expect([keyshares.review(), asked()]).toEqual([false, 0])
    const woken = keyshares.wake(hot.vault)
    give()
    await woken
    expect(keyshares.of(hot)?.facts.epoch).toBe(hot.epoch)
  })

  it('that is being opened is not held when its key comes', () => {
    const { keyshares, done, give } = opens()
    keyshares.review()
    keyshares.rest(hot.vault)
    give()
    expect([keyshares.all(), done]).toEqual([[], [`rested ${hot.vault}`]])
  })

  it('whose file is being marked is not held when the mark is there', () => {
    const { keyshares, log, give, done } = held()
    log.row = { ...hot, standing: 'exported', exported: true }
    keyshares.review()
    keyshares.rest(hot.vault)
    give()
    expect([keyshares.all(), done]).toEqual([[], [`rested ${hot.vault}`]])
  })

  it('is held again when it is woken, and whoever woke it waits for that', async () => {
    const { keyshares, give, done } = held()
    keyshares.rest(hot.vault)
    const woken = keyshares.wake(hot.vault).then(() => done.push('woken'))
    await Promise.resolve()
    expect([keyshares.of(hot), done]).toEqual([undefined, [`rested ${hot.vault}`]])
    give()
    await woken
    expect(keyshares.of(hot)?.facts.epoch).toBe(hot.epoch)
    expect(done.slice(-2)).toEqual(['told', 'woken'])
    // Held already: nothing is opened, and nobody waits.
    await keyshares.wake(hot.vault)
  })

  it('that does not open is refused and stays at rest, until it opens', async () => {
    const { keyshares, done, give, asked } = held()
    keyshares.rest(hot.vault)
    done.push('damaged')
    const because = `SEAL: ${hot.vault}: expected to hold the share of epoch ${hot.epoch}`
    expect(await refusal(keyshares.wake(hot.vault))).toMatch(because)
    expect([keyshares.review(), asked(), keyshares.all()]).toEqual([false, 0, []])
    done.length = 0
    const woken = keyshares.wake(hot.vault)
    give()
    await woken
    expect(keyshares.all()).toHaveLength(1)
  })

  it('is refused to whoever waits for it when it is put to rest meanwhile, or the node ends', async () => {
    for (const end of ['rest', 'end'] as const) {
      const { keyshares, give } = held()
      keyshares.rest(hot.vault)
      const woken = refusal(keyshares.wake(hot.vault))
      if (end === 'rest') keyshares.rest(hot.vault)
      else keyshares[Symbol.dispose]()
      give()
      expect(await woken).toMatch(/^SEAL: /)
      expect(keyshares.all()).toEqual([])
    }
  })

  it('fences its node as before where it was restored, held or not looked at yet', async () => {
    const moments = [0, 1, 2]
    const fenced = (state: KeyshareState) =>
      moments.map((moment) => {
        const { keyshares, give } = opens(state)
        if (moment > 0) keyshares.review()
        if (moment > 1) give()
        keyshares.rest(hot.vault)
        keyshares.rest(hot.vault)
        return keyshares.restored()
      })
    expect(fenced('restored')).toEqual(moments.map(() => [hot.vault]))
    expect(fenced('active')).toEqual(moments.map(() => []))
    const { keyshares, give, done } = opens('restored')
    keyshares.rest(hot.vault)
    done.push('damaged')
    expect(await refusal(keyshares.wake(hot.vault))).toMatch(/^SEAL: /)
    expect(keyshares.restored()).toEqual([hot.vault])
    done.length = 0
    const woken = keyshares.wake(hot.vault)
    expect(keyshares.restored()).toEqual([hot.vault])
    give()
    await woken
    expect([keyshares.restored(), keyshares.all()]).toEqual([[hot.vault], []])
  })

  it('goes with its key all the same, and of a key that others hold nothing is woken', async () => {
    const { keyshares, log } = held()
    keyshares.rest(hot.vault)
    log.row = { ...hot, standing: 'disabled' }
    expect([keyshares.review(), keyshares.review()]).toEqual([true, false])
    expect(await refusal(keyshares.wake(hot.vault))).toBe('accepted')
    expect(keyshares.all()).toEqual([])
  })
})
