"use strict";
// The replies to held-out questions: which of them became right or wrong, and what was replied in each round and arm.
report.HeldOutView = class {
  constructor(index) {
    this.index = index;
  }

  async load() {
    if (this.questions) return;
    this.questions = await report.unpack(this.index.questions);
    this.questions.forEach((question, position) => {
      Object.assign(question, { position, label: (question.text || question.id).toLowerCase() });
      question.change = this.changeOf(question.right);
    });
  }

  // From the first to the last round; the arm is the free reply.
  changeOf(right) {
    const [before, after] = [right[0], right[right.length - 1]];
    if (before === null || after === null) return "not scored";
    if (before === after) return after ? "stayed right" : "stayed wrong";
    return after ? "became right" : "became wrong";
  }

  families() {
    return [...new Set(this.questions.map((question) => question.family).filter(Boolean))].sort();
  }

  choices() {
    const changes = ["became right", "became wrong", "stayed right", "stayed wrong", "not scored"];
    return {
      prefix: null,
      rank: null,
      outcome: changes.map((change) => [change, change]),
      order: [["changed", "changed ones first"], ["run", "as in the run"]],
    };
  }

  matching(filter) {
    const words = filter.text.toLowerCase();
    const found = this.questions.filter((question) => {
      if (filter.family && question.family !== filter.family) return false;
      if (filter.outcome && question.change !== filter.outcome) return false;
      if (!words || question.label.includes(words) || question.id.toLowerCase().includes(words)) return true;
      return Boolean(filter.hits && filter.hits.has(question.position));
    });
    const order = ["became right", "became wrong"];
    const place = ({ change }) => (order.includes(change) ? order.indexOf(change) : order.length);
    return filter.order === "changed" ? found.sort((one, other) => place(one) - place(other)) : found;
  }

  countText(found) {
    const counts = new Map();
    for (const question of found) counts.set(question.change, (counts.get(question.change) || 0) + 1);
    const parts = [...counts].map(([change, count]) => `${count} ${change}`);
    return `${report.counted(found.length, "question", "questions")}${parts.length ? `: ${parts.join(", ")}` : ""}`;
  }

  hitsIn(content, words) {
    return content.replies.some(([, , , , reply]) => reply.toLowerCase().includes(words)) || null;
  }

  draw(question) {
    const marks = question.right.map((right) => (right === null ? "–" : right ? "✓" : "✗")).join(" ");
    return report.element(
      "div",
      "",
      null,
      report.element("span", "row-text", question.text || question.id),
      report.element("span", "row-note", `${question.family || ""}${question.unseen ? " (unseen)" : ""} · ${marks} ${question.change}`),
    );
  }

  async detail(question) {
    const content = await report.contentAt(this.index.chunks, question.position);
    const parts = [report.element("p", "question-id", question.id)];
    parts.push(report.longText((content && content.text) || question.text || "The text of the question is not in this run folder.", "question"));
    if (question.answer) parts.push(report.element("p", "reference", `Reference answer: ${question.answer}`));
    if (!content) return [...parts, report.leftOut()];
    const rounds = this.index.rounds;
    const free = content.replies.filter(([, arm, , , , , , control]) => arm === "thought" && !control);
    const ends = free.filter(([round]) => round === rounds[0] || round === rounds[rounds.length - 1]);
    const pair = report.element("div", "pair");
    for (const reply of ends) pair.append(this.reply(reply, `Round ${reply[0]}${reply[0] === 0 ? ", before training" : ""}`));
    if (ends.length) parts.push(report.element("h4", "", "Before and after"), pair);
    for (const judged of content.judged) parts.push(report.element("p", "call", this.judgedText(judged)));
    const others = content.replies.filter((reply) => !ends.includes(reply));
    const ofRun = others.filter((reply) => !reply[7]);
    const ofControls = others.filter((reply) => reply[7]);
    if (ofRun.length) parts.push(this.folded(`All other rounds and arms: ${report.counted(ofRun.length, "reply", "replies")}`, ofRun));
    if (ofControls.length) parts.push(this.folded(`Controls: ${report.counted(ofControls.length, "reply", "replies")}`, ofControls));
    return parts;
  }

  folded(title, replies) {
    const box = report.element("details", "", null, report.element("summary", "", title));
    for (const reply of replies) {
      const [round, arm, , , , , , control] = reply;
      box.append(this.reply(reply, `${control ? `Control ${report.label(control)}` : `Round ${round}`}: ${report.label(arm)}`));
    }
    return box;
  }

  judgedText([round, name, score, reason, control]) {
    const [first, second] = name.split("_vs_").map(report.label);
    const verdict = score === null ? "no verdict" : score === 0.5 ? "a tie" : score > 0.5 ? `prefers ${first}` : `prefers ${second}`;
    const whose = control ? `round ${round}, control ${report.label(control)}` : `round ${round}`;
    return `Judge, ${whose}, ${first} against ${second}: ${verdict}${reason ? ` (${reason})` : ""}`;
  }

  reply([, , right, answer, text, thought, finish], title) {
    const verdict = right === null ? "not scored" : right ? "right" : "wrong";
    const facts = report.element("p", "facts", null, report.element("span", `outcome ${verdict}`, verdict));
    if (answer !== null) facts.append(report.element("span", "", null, report.element("i", "", "answer"), ` ${report.shown(answer.trim().slice(0, 60))}`));
    if (finish === "length") facts.append(report.element("span", "", "truncated at its limit"));
    const card = report.element("div", "card", null, report.element("h4", "", title), facts);
    if (thought) card.append(report.element("h5", "", "Forced thought"), report.longText(thought));
    card.append(report.longText(text));
    return card;
  }
};
