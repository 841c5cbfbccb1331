// A key of a cold vault through its life, each sitting from the plan to the log: made, proved,
// dealt anew to the same holders, proved again, and the Seals of the epoch that is over destroyed.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readBundleFiles, writeBundleFiles } from '../../proto/io/bundle-files.ts'
import { ceremonyCommands } from '../../signer-node/ceremony/commands.ts'
import { sharesOn } from '../../signer-node/ceremony/medium.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { about, inForce, lastOf, proof, sitting } from '../kit/key-sittings.ts'
import { refusal } from '../kit/refused.ts'
import { stage, staged, theHouse, theStations } from '../kit/room-played.ts'
import { random } from '../kit/tokens.ts'

staged()

let last: Awaited<ReturnType<typeof sitting>>
const world = {
  ...{ random, wallMs: Date.now, curve: () => nativeCurve(), terminal: () => undefined },
  isTerminal: false,
}
const at = (name: string): string => join(stage.path, name)
const say = async (...words: readonly string[]): Promise<object> =>
  (await ceremonyCommands.commandOf(words)?.(world)) ?? {}

/** Of each station, on the medium that no keystore works on. */
const names = (): readonly (readonly string[])[] =>
  theStations().map(({ home }) => sharesOn(`${home}/b`).map(({ name }) => name))
const epochs = (medium: 'a' | 'b'): readonly (readonly number[])[] =>
  theStations().map(({ home }) => sharesOn(`${home}/${medium}`).map(({ epoch }) => epoch))

describe('a key of a cold vault', () => {
  it('is made, and proved in a drill of a sitting of its own', async () => {
    await sitting('genesis', { ...about(), op: 'key.create', terms: {} })
    const now = await inForce('key.created')
    const bowl = { scenarios: ['theft', 'custodian'] } as const
    const lost = 'custodian ben'
    const { request, seats } = await sitting('drill', proof(now), bowl, undefined, lost)
    const said = seats.get('node-2')?.said.join('\n') ?? ''
    expect(said).not.toContain('D-4')
    expect(said).toContain('C-4')
    expect(await lastOf('key.proved')).toMatchObject({ change: request, epoch: 1 })
  }, 180_000)

  it('is dealt anew, and until the log says so nothing of the old epoch goes', async () => {
    const before = await inForce('key.created')
    const change = { ...about(), op: 'key.refresh', terms: before } as const
    const { said } = await sitting('reshare', change, { tBefore: 2 })
    expect(epochs('b'), said.join('\n')).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ])
    expect(names()).toEqual(Array(3).fill(['cold.1.keyshare', 'cold.2.pending.keyshare']))
    expect(await lastOf('key.refreshed')).toMatchObject({ epoch: 2 })
  }, 180_000)

  it('loses the Seals of the epoch that is over at the drill after it, and proves itself', async () => {
    const now = await inForce('key.refreshed')
    // What slept at one site is gone: that station goes on by its spare token alone.
    const bowl = { scenarios: ['site'] } as const
    last = await sitting('drill', proof(now), bowl, undefined, 'site south')
    const { seats } = last
    expect([epochs('a'), epochs('b')]).toEqual([
      [[2], [2], [2]],
      [[2], [2], [2]],
    ])
    const screen = [...seats.values()].flatMap(({ said }) => said).join('\n')
    expect(screen).toContain('confirmed, open, epoch 2')
    expect(names()).toEqual(Array(3).fill(['cold.2.keyshare']))
    expect(
      screen.split('medium b: epoch 2 of cold is in force, and goes by its name'),
    ).toHaveLength(4)
    expect(await lastOf('key.proved')).toMatchObject({ epoch: 2 })
  }, 180_000)

  it('is written once more by the card of the Record station, without a token, as it was', async () => {
    const { plan, done } = last
    const [short, card] = [plan.digest.slice(0, 8), at('card')]
    const kept = (end: string): string => at(`${plan.digest}.${end}`)
    mkdirSync(card)
    copyFileSync(kept('jsonl'), at(`card/record-${short}.jsonl`))
    copyFileSync(kept('results'), at(`card/results-${short}`))
    copyFileSync(kept('results.statements'), at(`card/results-${short}.statements`))
    writeBundleFiles(at('in'), await theHouse().coordinator.ceremonies.bundleIn(plan.digest))
    const close = (...out: readonly string[]) => say('close', card, '--bundle', at('in'), ...out)

    const out = ['--out', at('out'), '--second', at('second')]
    expect(await close(...out)).toEqual({
      ...{ lines: done.lines, exceptions: done.exceptions, reason: '', silent: [] },
      out: [at('out'), at('second')],
    })
    expect(readBundleFiles(at('out'))).toEqual(done.files)
    expect(readBundleFiles(at('second'))).toEqual(done.files)
    // What is there already reads back so, or is refused; it is never written over.
    await close(...out)
    writeFileSync(at('out/results.json'), '{}')
    expect(await refusal(close('--out', at('out')))).toMatch(/^BUNDLE: .* does not read back/)
    expect(readFileSync(at('out/results.json'), 'utf8')).toBe('{}')

    // Whoever has not spoken is named; a Record that goes on is none to carry out.
    rmSync(at(`card/results-${short}.statements`))
    const mute = await close('--out', at('mute'))
    expect(mute).toMatchObject({ silent: expect.arrayContaining(['recorder/rita']) })
    const lines = readFileSync(kept('jsonl'), 'utf8').trimEnd().split('\n')
    const end = lines.findIndex((line) => line.includes('record.closed'))
    writeFileSync(at(`card/record-${short}.jsonl`), `${lines.slice(0, end).join('\n')}\n`)
    expect(await refusal(close('--out', at('open')))).toMatch(
      /^CEREMONY: .* expected a closed Record, found \d+ lines of one: record leads/,
    )
    expect(existsSync(at('open'))).toBe(false)

    const nowhere = say('close', at('none'), '--bundle', at('in'), '--out', at('open'))
    expect(await refusal(nowhere)).toMatch(/^CONFIG: .*none: expected the card of a Record station/)
    expect([existsSync(at('none')), existsSync(at('open'))]).toEqual([false, false])
  })
})
