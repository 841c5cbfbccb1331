/**
 * Watches a child that works and says how far it is. What it used of the processor since its last word
 * tells a hang from a busy machine, on which a start of seconds takes minutes; what uses none and says
 * nothing waits for what will not come, and is given longer.
 */

import type { ChildProcess } from 'node:child_process'
import { processCpu } from '../../bench/process-cpu.ts'

export interface Patience {
  /** Time of the processor without a word. */
  readonly cpuMsMax: number
  /** Time by the clock without a word. */
  readonly silenceMsMax: number
  readonly pollMs: number
}

export type End = 'done' | 'died' | 'hang'

export function watched(
  child: ChildProcess,
  { cpuMsMax, silenceMsMax, pollMs }: Patience,
  hear: (said: unknown) => void,
): Promise<End> {
  return new Promise((resolve) => {
    let [heardMs, heardCpuMs, isHung] = [performance.now(), 0, false]
    const looks = setInterval(() => {
      const isSpent = cpuMsOf(child) - heardCpuMs > cpuMsMax
      if (!isSpent && performance.now() - heardMs <= silenceMsMax) return
      isHung = true
      child.kill('SIGKILL')
    }, pollMs)
    child.on('message', (said) => {
      heardMs = performance.now()
      heardCpuMs = cpuMsOf(child)
      hear(said)
    })
    child.on('exit', (code) => {
      clearInterval(looks)
      if (isHung) resolve('hang')
      else resolve(code === 0 ? 'done' : 'died')
    })
  })
}

/** 0 of one that has ended: its exit is told by itself. */
function cpuMsOf({ pid }: ChildProcess): number {
  try {
    return pid === undefined ? 0 : processCpu(pid).ownMs
  } catch {
    return 0
  }
}
