"""The categories that a school starts with (DOMAIN §3.2). From then on the school edits its own; no law fixes them.

Plain data, since a migration reads it too.
"""

# code, name, group, default basis, level
CATEGORIES = (
    ("F1", "留守（单亲或双亲外出）", "F", "roster", 3),
    ("F2", "进城务工人员随迁子女", "F", "roster", 3),
    ("F3", "孤儿", "F", "document", 3),
    ("F4", "事实无人抚养", "F", "document", 3),
    ("F5", "单亲家庭", "F", "judgement", 3),
    ("F6", "父母离异", "F", "judgement", 3),
    ("F7", "重组家庭", "F", "judgement", 3),
    ("F8", "隔代或委托照护", "F", "judgement", 3),
    ("F9", "父母服刑或强制戒毒", "F", "document", 4),
    ("F10", "家庭突发变故", "F", "judgement", 3),
    ("F11", "家庭关系紧张", "F", "judgement", 3),
    ("E1", "脱贫户或监测户", "E", "document", 3),
    ("E2", "低保或低保边缘", "E", "document", 3),
    ("E3", "特困供养", "E", "document", 3),
    ("E4", "其他经济困难", "E", "document", 3),
    ("H1", "残疾", "H", "document", 3),
    ("H2", "随班就读", "H", "roster", 3),
    ("H3", "重病或慢性病", "H", "document", 3),
    ("H4", "特异体质或过敏", "H", "document", 3),
    ("L1", "学习困难", "L", "judgement", 3),
    ("L2", "疑似学习障碍（未认定）", "L", "judgement", 3),
    ("L3", "厌学或辍学风险", "L", "judgement", 3),
    ("B1", "行为偏差", "B", "judgement", 3),
    ("B2", "不良行为（未成年人法定九类）", "B", "judgement", 3),
    ("B3", "网络沉迷", "B", "judgement", 3),
    ("B4", "欺凌相关", "B", "document", 4),
    ("P1", "情绪困扰", "P", "judgement", 3),
    ("P2", "心理高关怀", "P", "judgement", 4),
    ("P3", "复学学生", "P", "judgement", 3),
    ("P4", "转入适应", "P", "judgement", 3),
    ("S1", "涉案", "S", "document", 4),
    ("S9", "其他需关注", "S", "judgement", 3),
)
