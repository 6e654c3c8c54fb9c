"""One module per figure, each with ``draw(results)``; `style` is what they share."""
