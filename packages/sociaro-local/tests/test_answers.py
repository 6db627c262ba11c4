import pytest

from sociaro_local.answers import (
    Answer,
    Ask,
    Tool,
    ToolCall,
    fragments,
    pieces,
    respond,
)

WEATHER = Tool("weather", {"properties": {"city": {"type": "string"}}})
CLOCK = Tool("clock")


def ask(text="hello there", **fields):
    """Return a request that says `text`."""
    return Ask("m-1", text, **fields)


def test_answer_is_an_echo_when_nothing_else_is_asked():
    """The user hears what he said."""
    assert Answer("You said: hello there") == respond(ask())


@pytest.mark.parametrize("text", ["Count to 4.", "please count to 4", "COUNT TO 4!"])
def test_answer_counts_when_it_is_told_to(text):
    """Numbers from one, whatever else is said."""
    assert Answer("1, 2, 3, 4") == respond(ask(text, tools=(CLOCK,)))


def test_answer_is_the_scripted_one_when_there_is_one():
    """A script goes before everything."""
    assert Answer("hi") == respond(ask("count to 4", results=("x",)), Answer("hi"))


def test_answer_calls_the_first_tool_when_there_are_some():
    """Arguments come from the schema."""
    call = ToolCall("weather", {"city": "city"})
    assert Answer(calls=(call,), finish="tool") == respond(ask(tools=(WEATHER, CLOCK)))


def test_answer_calls_the_forced_tool_when_one_is():
    """A tool without a schema is called with nothing; an unknown name is the first."""
    tools = (WEATHER, CLOCK)
    assert (ToolCall("clock", {}),) == respond(ask(tools=tools, forced="clock")).calls
    (call,) = respond(ask(tools=tools, forced="other")).calls
    assert "weather" == call.name


def test_answer_quotes_the_results_when_tools_have_run():
    """All of them, in their order."""
    results = ("sunny", "12:00")
    answer = respond(ask(results=results, tools=(CLOCK,)))
    assert Answer("The tool said: sunny; 12:00") == answer


def test_answer_ends_before_the_first_stop_when_it_meets_one():
    """The earliest counts, whatever the order of the list."""
    stops = ("there", "hello", "absent")
    expected = Answer("You said: ", stopped_by="hello")
    assert expected == respond(ask(stops=stops))


def test_answer_is_cut_when_it_has_too_many_words():
    """The words that fit are kept as they are."""
    assert Answer("You said:", finish="length") == respond(ask(max_words=2))
    assert "stop" == respond(ask(max_words=4)).finish


def test_answer_is_not_cut_when_it_is_a_call():
    """Half a call is of no use."""
    answer = respond(ask(tools=(WEATHER,), max_words=1, stops=("c",)))
    assert "tool" == answer.finish


def test_answer_has_reasoning_when_the_user_asks_for_it():
    """Its words are counted."""
    answer = respond(ask("hi", thinks=True), Answer("well now"))
    assert "The user said: hi" == answer.reasoning
    assert (6, 4) == (answer.words, answer.reasoning_words)


def test_words_are_those_of_name_and_arguments_when_a_tool_is_called():
    """A call is not for nothing."""
    assert 3 == Answer(calls=(ToolCall("weather", {"city": "Rome"}),)).words


@pytest.mark.parametrize("text", ["", "a", "a b", " a  b\n", "  ", "a\n\nb c "])
def test_pieces_give_the_text_when_they_are_joined(text):
    """Nothing is lost between words."""
    assert text == "".join(pieces(text))


def test_fragments_are_short_when_the_text_is_long():
    """They are cut wherever it happens to be."""
    assert ["12345678", "9"] == fragments("123456789")
    assert [] == fragments("")
