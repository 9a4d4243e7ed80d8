import { z } from 'zod'

// The content security policy forbids compiling code at run time, which zod would otherwise try.
z.config({ jitless: true })
