import { z } from 'zod'
import '#ui/keyboard/key' // before the router takes what is behind the # for a page

// The content security policy forbids compiling code at run time, which zod would otherwise try.
z.config({ jitless: true })
