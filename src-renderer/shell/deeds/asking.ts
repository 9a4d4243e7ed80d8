import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'

/** What a person is asked before something is done. */
interface Question {
  title: string
  /** What comes of it, in a sentence. */
  text?: string
  /** The text to begin with and what it is called, where one is asked for, and what is wrong with a text. */
  field?: { label: string; value: string; problem?(text: string): string | null }
  /** The verb of the button. */
  action: string
  /** Whether it cannot be taken back. */
  grave?: boolean
  /** Given the text that was asked for. */
  run(text: string): unknown
}

/** The one question of the window. */
export const useAsking = defineStore('asking', () => {
  const question = shallowRef<Question | null>(null)
  const open = ref(false)

  function ask(asked: Question): void {
    question.value = asked
    open.value = true
  }
  return { question, open, ask }
})
