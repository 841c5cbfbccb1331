// What outlives a sitting: the directories of every station. And the end of a process: one that was
// killed hears and says nothing, and cleans nothing up.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CoordinatorFrame, NodeFrame, NodeStream } from '../../proto/frames.ts'

/** Directories of all stations, over all sittings. */
export class Cupboard {
  readonly home = mkdtempSync(join(tmpdir(), 'custody-room-'))

  at(station: string, place: string): string {
    const path = join(this.home, station, place)
    mkdirSync(path, { recursive: true })
    return path
  }

  files(station: string): readonly string[] {
    return readdirSync(this.at(station, 'keyshares')).sort()
  }

  /** As a disk is copied. */
  copy(station: string, to: string): void {
    cpSync(join(this.home, station), join(this.home, to), { recursive: true })
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** A process that was killed hears nothing and says nothing any more. */
export function mortal(stream: NodeStream, life: { readonly isOver: boolean }): NodeStream {
  async function* received(): AsyncGenerator<CoordinatorFrame> {
    for await (const frame of stream.received) {
      if (life.isOver) return
      yield frame
    }
  }
  const send = (frame: NodeFrame): void => {
    if (!life.isOver) stream.send(frame)
  }
  return { send, received: received(), close: () => stream.close() }
}
