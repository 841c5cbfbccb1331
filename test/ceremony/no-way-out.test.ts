// there is no way to let a secret out of a room, to force a step or to have a bare digest
// signed. X-4: a machine whose own checks fail is none.
import { describe, expect, it } from 'vitest'
import { readBundle, writeBundle } from '../../policy/ceremony/bundle.ts'
import { readBundleOut, writeBundleOut } from '../../policy/ceremony/bundle-out.ts'
import { encodePlan, parsePlan } from '../../policy/ceremony/plan.ts'
import { encodeResults, parseResults } from '../../policy/ceremony/results.ts'
import { acts } from '../../policy/ceremony/steps.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { encode, parse } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import { doctorCommands } from '../../signer-node/ceremony/commands-doctor.ts'
import { roomCommands } from '../../signer-node/ceremony/commands-room.ts'
import { stationCommands } from '../../signer-node/ceremony/commands-tokens.ts'
import { ownChecks } from '../../signer-node/ceremony/readiness.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { testPlan } from '../kit/planned.ts'
import { refusedWith } from '../kit/refused.ts'
import { random } from '../kit/tokens.ts'

const bytes = encodePlan(testPlan('sign'))
const plan = { ...parsePlan(bytes), bytes }
const none = { outcome: 'done', reason: '', lines: [], documents: [], addresses: [] } as const
const results = encodeResults({ ...none, plan: plan.digest })
const out = { plan, record: toUtf8(''), results, scripts: new Map() }

describe('what is carried out', () => {
  it('has no place for a Seal, a message of the protocol or any other file', () => {
    const files = [...writeBundleOut(out)].filter(([name]) => name !== 'manifest.json')
    const { org, env } = plan.plan
    const of = { direction: 'out', org, env, plan: plan.digest } as const
    const carried = (name: string) =>
      refusedWith(() => {
        const all = new Map([...files, [name, toUtf8('{}')] as const])
        return readBundleOut(readBundle(writeBundle(all, of), 'out'))
      })
    expect(carried('script.txt')).toBe('accepted')
    for (const name of ['cold.1.keyshare', 'identity.seal', 'frame-1', 'node.db', 'pin.txt']) {
      expect([name, carried(name)]).toEqual([name, 'BUNDLE X-7'])
    }
  })

  it('has no kind of document for one, and no line that is not of the log', () => {
    const written = parse(results) as JsonObject
    const read = (change: JsonObject) =>
      refusedWith(() => parseResults(encode({ ...written, ...change })))
    expect(read({})).toBe('accepted')
    expect(read({ documents: [{ kind: 'keyshare', text: '{}' }] })).toBe('RECORD')
    expect(read({ lines: [{ type: 'intent.created', body: {} }] })).toBe('RECORD')
    expect(read({ share: '00' })).toBe('RECORD')
  })
})

describe('the programs of a room', () => {
  it('have no verb and no flag that forces a step, lets a share out or signs a bare digest', () => {
    const commands = [...doctorCommands, ...roomCommands, ...stationCommands]
    expect(commands.length).toBeGreaterThan(5)
    for (const { verb, usage } of commands) {
      const words = `${verb} ${usage.join(' ')}`
      expect([
        verb,
        words.match(/--?(force|skip|yes|export|unsafe|ignore)\b|\b(sign|export|dump)\b/),
      ]).toEqual([verb, null])
    }
    expect(acts.filter((act) => /export|force|skip|\braw\b|digest/.test(act))).toEqual([])
  })
})

describe('a machine', () => {
  const of = { curve: () => nativeCurve(), random, wallMs: Date.now }
  const faults = async (change: Partial<typeof of>) => {
    const { checks } = await ownChecks({ ...of, ...change })
    return checks.filter(({ fault }) => fault !== '').map(({ id, what }) => `${id} ${what}`)
  }

  it('is none where a known answer is wrong, or the kernel has no randomness (X-4)', async () => {
    expect(await faults({})).toEqual([])
    expect(await faults({ random: (size) => new Uint8Array(size) })).toContain('X-4 kernel')
    const curve = () => refuse('CONFIG', 'a known answer is wrong')
    expect(await faults({ curve })).toEqual(['X-4 self-check'])
  })
})
