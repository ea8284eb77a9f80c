// A search field: "typed" has its text as it changes, "chosen" has it when the reader presses Enter.
import { h } from "vue";

export default {
  emits: ["typed", "chosen"],
  render() {
    return h("input", {
      type: "search",
      onInput: (event) => this.$emit("typed", event.target.value),
      onKeydown: (event) => event.key === "Enter" && this.$emit("chosen", event.target.value),
    });
  },
};
