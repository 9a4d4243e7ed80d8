import { expect, it } from 'vitest'
import { countOperators } from './prove'

const ran = (op_name: string, provider: string) => ({
  cat: 'Node',
  name: `${op_name}_1_kernel_time`,
  args: { op_name, provider: `${provider}ExecutionProvider` },
})

it('counts the operators that a device leaves to the CPU, and names them', () => {
  const profile = [
    ran('Add', 'WebGpu'),
    ran('FusedMatMul', 'CPU'),
    ran('FusedMatMul', 'CPU'),
    ran('MemcpyToHost', 'WebGpu'),
    { cat: 'Session', name: 'model_run' },
  ]
  expect(countOperators(profile)).toEqual({ total: 3, onCpu: 2, names: ['FusedMatMul'] })
  expect(countOperators([ran('Add', 'WebGpu')])).toEqual({ total: 1, onCpu: 0, names: [] })
})

it('refuses a device that leaves everything to the CPU', () => {
  expect(() => countOperators([ran('Add', 'CPU')])).toThrow('every operator')
})
