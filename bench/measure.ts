// One protocol, run again and again in one thread: CPU per party, bytes sent per party and rounds.
import { Meter } from './meter.ts'
import { type Figure, figure } from './report.ts'

const SAMPLES = 30
const WARM = 2

export function measure(
  name: string,
  parties: number,
  run: (meter: Meter) => void,
): readonly Figure[] {
  const meters: Meter[] = []
  for (let i = -WARM; i < SAMPLES; i += 1) {
    const meter = new Meter(parties)
    run(meter)
    if (i >= 0) meters.push(meter)
  }
  const cpu = meters.map((meter) => meter.cpuMsPerParty())
  const bytes = meters.map((meter) => meter.bytesPerParty())
  return [
    figure(`${name}, CPU per party`, 'ms', cpu),
    figure(`${name}, sent per party`, 'bytes', bytes),
    figure(`${name}, rounds`, 'rounds', [meters[0]?.rounds ?? 0]),
  ]
}
