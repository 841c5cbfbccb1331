// One stream and its pages: how many are sent to a node that says where it stands and cosigns nothing.
import { describe, expect, it } from 'vitest'
import { Link } from '../../coordinator/link.ts'
import type { CoordinatorFrame } from '../../proto/frames.ts'

const origin = 'acme/log'

/** A link to a node with nothing, over a log of so many lines, ten to a page. */
function bareLink(lines: number) {
  const sent: CoordinatorFrame[] = []
  let now = 10_000
  const page = (from: number, size: number) => ({
    ...{ origin, from, documents: [], checkpoint: new Uint8Array(0), heads: [] },
    lines: Array.from({ length: Math.min(10, size - from) }, () => Uint8Array.of(1)),
  })
  const pages = {
    from: async (from: number, size: number) => page(from, size),
    empty: (size: number) => page(size, size),
  }
  const link = new Link('signer-a', (frame) => sent.push(frame), { pages, now: () => now })
  const root = new Uint8Array(32)
  const state = { state: 'checking', origin, size: 0, root, keys: [], pairings: [] }
  link.greet({ node: 'signer-a', incarnation: new Uint8Array(16), versions: [], state })
  return {
    link,
    pump: () => link.pump(() => lines),
    starts: () => sent.flatMap((frame) => (frame.frame === 'lines' ? [frame.lines.from] : [])),
    wait: (ms: number) => {
      now += ms
    },
  }
}

describe('lines', () => {
  it('are sent once to a node that catches up and may not cosign yet', async () => {
    const { link, starts, pump } = bareLink(100)
    await pump()
    for (let size = 10; size <= 100; size += 10) {
      link.behind(size)
      await pump()
    }
    expect(starts()).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
  })

  it('begin again once where a page did not fit, whatever was under way', async () => {
    const { link, starts, pump, wait } = bareLink(40)
    await pump()
    link.behind(10)
    await pump()
    expect(starts()).toEqual([0, 10, 20])
    // Its disk went back: both pages that are under way do not fit.
    link.behind(5)
    await pump()
    link.behind(5)
    await pump()
    expect(starts()).toEqual([0, 10, 20, 5, 15])
    wait(2_000)
    link.behind(5)
    await pump()
    expect(starts()).toEqual([0, 10, 20, 5, 15, 5, 15])
  })
})
