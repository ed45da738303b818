// Even seeds; the odd ones are in a file of their own, so that two processes share the work.
import { seedTests } from './seed-tests.ts'

seedTests(0)
