// The search itself: a canary in another process is found in every form, and what is hidden is not.
// Without this, zero hits in a node would say nothing.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { canReadImages, findInImage, formsOf, Search } from './core-image.ts'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A process that holds what `program` makes of `seed`, and says so with one line. */
async function holding(seed: Buffer, program: string): Promise<number> {
  const source = `const seed = process.argv[1]; ${program}; console.log('held'); setInterval(() => kept.length, 1000)`
  // The seed itself is another number: the canary never stands in the arguments.
  const child = spawn(process.execPath, ['-e', source, seed.toString('base64')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return child.pid!
}

const canaryOf = (seed: Buffer): Buffer => Buffer.from(seed.map((byte) => byte ^ 0xa5))
const make = `const canary = () => Buffer.from(Buffer.from(seed, 'base64').map((byte) => byte ^ 0xa5))`

describe.skipIf(!canReadImages)('the image of a process', () => {
  it.each([
    ['raw', 'const kept = canary()'],
    ['little-endian', `const kept = [BigInt('0x' + canary().toString('hex'))]`],
    ['hex', `const kept = [canary().toString('hex') + '']`],
    ['upper hex', `const kept = [canary().toString('hex').toUpperCase()]`],
    ['base64 at 0', `const kept = [canary().toString('base64')]`],
    ['base64url at 0', `const kept = [canary().toString('base64url')]`],
    ['base64 at 1', `const kept = [Buffer.concat([Buffer.of(7), canary()]).toString('base64')]`],
    ['base64 at 2', `const kept = [Buffer.concat([Buffer.of(7, 9), canary()]).toString('base64')]`],
  ])('shows a canary that is held %s', async (form, program) => {
    const seed = randomBytes(32)
    const pid = await holding(seed, `${make}; ${program}`)
    const found = await findInImage(pid, new Map([['canary', canaryOf(seed)]]))
    expect(found.filter((line) => line.startsWith(`canary: ${form}`))).not.toEqual([])
  })

  it('does not show one that was never unmasked', async () => {
    const seed = randomBytes(32)
    const pid = await holding(seed, `const kept = Buffer.from(seed, 'base64')`)
    expect(await findInImage(pid, new Map([['canary', canaryOf(seed)]]))).toEqual([])
    expect(await findInImage(pid, new Map([['seed', seed]]))).not.toEqual([])
  })
})

describe('the search', () => {
  const secret = randomBytes(32)
  const filler = Buffer.alloc(600, 0x2e)

  it.each(formsOf(secret).map(({ name, bytes }) => [name, bytes] as const))(
    'finds %s once, wherever a chunk ends',
    (name, bytes) => {
      const whole = Buffer.concat([filler, bytes, filler])
      for (const cut of [1, 300, 590, 601, 600 + (bytes.length >> 1), 599 + bytes.length, 900]) {
        const search = new Search(new Map([['secret', secret]]))
        for (const part of [whole.subarray(0, cut), whole.subarray(cut)]) search.feed(part)
        expect(search.end()).toContain(`secret: ${name}: 1`)
      }
    },
  )

  it('finds what small chunks cut into many pieces', () => {
    const search = new Search(new Map([['secret', secret]]))
    const whole = Buffer.concat([filler, secret, filler])
    for (let at = 0; at < whole.length; at += 5) search.feed(whole.subarray(at, at + 5))
    expect(search.end()).toContain('secret: raw, first half: 1')
  })

  it('finds nothing where ranges do not join', () => {
    const search = new Search(new Map([['secret', secret]]))
    search.feed(secret.subarray(0, 12))
    search.begin('another')
    search.feed(secret.subarray(12, 24))
    expect(search.end()).toEqual([])
  })
})
