// Property tests draw the same cases every time, so that a red build is red for everybody. Another seed is one variable
// away: FAST_CHECK_SEED=7 npm test. A case that fails is printed with its seed and path.
import { configureGlobal, readConfigureGlobal } from 'fast-check'

configureGlobal({ ...readConfigureGlobal(), seed: Number(process.env['FAST_CHECK_SEED'] ?? 1) })
