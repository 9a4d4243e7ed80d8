import { mdiAlertCircleOutline, mdiAlertOutline, mdiCheckCircleOutline, mdiInformationOutline } from '@mdi/js'
import type { Told } from '#shared/contract'

export const iconOf: Record<Told['kind'], string> = {
  ok: mdiCheckCircleOutline,
  info: mdiInformationOutline,
  warn: mdiAlertOutline,
  bad: mdiAlertCircleOutline,
}
