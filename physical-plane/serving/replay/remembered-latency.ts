// A latency model that is asked the same again and again, with its answers kept by number: quotas and multiprocessors are whole
// thousandths, so there are not many.
import type { LatencyModel } from '../scaling/autoscaler.ts'

const levels = 1_001

export function rememberedLatency(model: LatencyModel): LatencyModel {
  const answers = new Map<string, Map<number, number | null>>()
  return (deviceModel, batch, shape) => {
    let own = answers.get(deviceModel)
    if (own === undefined) answers.set(deviceModel, (own = new Map()))
    const key = (batch * levels + shape.smMilli) * levels + shape.requestMilli
    let answer = own.get(key)
    if (answer === undefined) own.set(key, (answer = model(deviceModel, batch, shape)))
    return answer
  }
}
