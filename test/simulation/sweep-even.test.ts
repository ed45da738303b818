// Even blocks of seeds; the others are in a file of their own, so that two processes share the work.
import { sweepTests } from './sweep-tests.ts'

sweepTests(0)
