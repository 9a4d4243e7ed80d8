import { z } from 'zod'
// Vuetify takes these for granted; the tests' Electron (Chromium 108) lacks them.
import 'core-js/es/array/to-reversed'
import 'core-js/es/array/to-sorted'
import 'core-js/es/array/to-spliced'

// The content security policy forbids compiling code at run time, which zod would otherwise try.
z.config({ jitless: true })
