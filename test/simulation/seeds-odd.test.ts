import { seedTests } from './seed-tests.ts'

seedTests(1)
